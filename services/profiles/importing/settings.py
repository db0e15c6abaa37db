"""Settings of imports."""

from pydantic import Field

from shared.settings import ServiceSettings

MIB = 2**20


class ImportSettings(ServiceSettings):
    """How large a file may be that is imported."""

    import_mib: int = Field(
        4096, alias="PROFILES_IMPORT_MIB", ge=1, le=2**20, description="MiB of an imported file; larger ones are 413"
    )

    @property
    def import_bytes(self) -> int:
        """Return the limit in bytes."""
        return self.import_mib * MIB
