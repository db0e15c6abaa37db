"""What routes ask for by annotation."""

from typing import Annotated

from fastapi import Depends

from services.ingest.resources import Resources
from shared.web.dependencies import opened

Res = Annotated[Resources, Depends(opened)]
