"""Erasures over HTTP."""

from typing import Any

import httpx
import pytest

from services.profiles.app import create_app
from services.profiles.settings import ProfilesSettings
from shared.access import digest_of
from tests.unit.profiles.conftest import Deliver
from tests.unit.profiles.posts import make_post

