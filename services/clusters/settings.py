"""What the clusters service can be told by its environment."""

from datetime import timedelta

from joblib import cpu_count
from pydantic import Field

from services.clusters.fits.kmeans import TrainingBudget
from shared.settings import ServiceSettings
from shared.store_url import MongoUrl, SqliteUrl, parse_store_url


class ClustersSettings(ServiceSettings):
    """The settings of every service, where runs are kept, and how much a training may take."""

    store: str = Field(
        "",
        alias="CLUSTERS_STORE",
        repr=False,
        description="sqlite:///path or mongodb://host/database; default: clusters.db in the data folder",
    )
    concurrent_runs: int = Field(1, alias="CLUSTERS_CONCURRENT_RUNS", ge=1, le=16, description="runs trained at once")
    queued_runs: int = Field(
        16, alias="CLUSTERS_QUEUED_RUNS", ge=0, le=1000, description="runs that may wait; more: 503"
    )
    lease_seconds: float = Field(
        30.0, alias="CLUSTERS_LEASE_SECONDS", ge=1, description="a run not heard of for so long counts as interrupted"
    )
    page_rows: int = Field(
        10_000, alias="CLUSTERS_PAGE_ROWS", ge=1, le=20_000, description="authors asked of profiles at a time"
    )
    read_posts: int = Field(
        100_000,
        alias="CLUSTERS_READ_POSTS",
        ge=100,
        le=1_000_000,
        description="posts with text that a run reads at most, a fair sample of the brand's",
    )
    search_sample: int = Field(
        10_000, alias="CLUSTERS_SEARCH_SAMPLE", ge=100, description="authors on whom k is searched"
    )
    silhouette_sample: int = Field(
        3_000,
        alias="CLUSTERS_SILHOUETTE_SAMPLE",
        ge=100,
        le=20_000,
        description="authors whose silhouettes are measured",
    )
    stability_sample: int = Field(
        2_000, alias="CLUSTERS_STABILITY_SAMPLE", ge=100, description="authors on whom stability is measured"
    )
    bootstraps: int = Field(10, alias="CLUSTERS_BOOTSTRAPS", ge=1, le=200, description="resamplings for stability")
    threads: int = Field(
        0, alias="CLUSTERS_THREADS", ge=0, le=256, description="threads of a computation; 0: one for each CPU"
    )
    computation_seconds: float = Field(
        3600.0, alias="CLUSTERS_COMPUTATION_SECONDS", gt=0, description="a computation that takes longer is ended"
    )
    card_posts: int = Field(
        20_000, alias="CLUSTERS_CARD_POSTS", ge=0, le=200_000, description="posts that a run's cards are made of"
    )
    example_posts: int = Field(
        0,
        alias="CLUSTERS_EXAMPLE_POSTS",
        ge=0,
        le=10,
        description="posts that stand for each cluster, shown with the scope evidence; 0: none",
    )
    starts: int = Field(
        5, alias="CLUSTERS_STARTS", ge=1, le=50, description="KMeans starts for each k; more for few authors"
    )

    def parsed_store(self) -> SqliteUrl | MongoUrl:
        """Return where runs are kept; raises SettingsError where the setting is neither form."""
        return parse_store_url("CLUSTERS_STORE", self.store, self.data_dir / "clusters.db")

    def lease(self) -> timedelta:
        """Return how long a run's lease lasts without renewal."""
        return timedelta(seconds=self.lease_seconds)

    def beat(self) -> timedelta:
        """Return how often a lease is renewed: three chances before it lapses."""
        return self.lease() / 3

    def worker_threads(self) -> int:
        """Return how many threads a computation may take: those set, or one for each CPU that this process may use."""
        count: int = cpu_count()
        return self.threads or count

    def longest_computation(self) -> timedelta:
        """Return how long a computation may take."""
        return timedelta(seconds=self.computation_seconds)

    def budget(self) -> TrainingBudget:
        """Return how much one training may compute."""
        return TrainingBudget(
            search_rows=self.search_sample,
            silhouette_rows=self.silhouette_sample,
            stability_rows=self.stability_sample,
            starts=self.starts,
            bootstraps=self.bootstraps,
        )
