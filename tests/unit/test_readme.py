"""What README promises of settings is what the settings are."""

from pathlib import Path

import pytest

from services.clusters.settings import ClustersSettings
from services.ingest.settings import IngestSettings
from services.profiles.settings import ProfilesSettings
from services.sentiment.settings import SentimentSettings
from shared.settings import ServiceSettings

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize("settings", [IngestSettings, SentimentSettings, ProfilesSettings, ClustersSettings])
def test_every_setting_stands_in_the_readme(settings: type[ServiceSettings]) -> None:
    """Whoever adds a setting says so in the table."""
    table = README.read_text()
    missing = [field.alias for field in settings.model_fields.values() if f"`{field.alias}`" not in table]
    assert missing == []
