"""Plots of runs over HTTP."""

from services.clusters.plots.plotted_run import PlotName
from services.clusters.runs.run import RunRequest
from tests.unit.clusters.authors import two_kinds
from tests.unit.clusters.conftest import BRAND, K2, Start, trained
from tests.unit.clusters.profiles_stand_in import ProfilesStandIn


async def test_a_run_s_plots_are_listed_in_words_and_drawn(start: Start) -> None:
    """As SVG and PNG; what a first run cannot show, and what there is not, is 404."""
    async with start(ProfilesStandIn(BRAND, two_kinds(40))) as service:
        run = await trained(service, K2)
        where = f"/v1/runs/{run.run_id}/plots"
        listed = {one["name"]: one["alt"] for one in (await service.http.get(where)).json()["items"]}
        assert set(listed) == set(PlotName) - {PlotName.LINEAGE}
        assert "50%" in listed["sizes"]
        for name in listed:
            drawn = await service.http.get(f"{where}/{name}.svg")
            assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/svg+xml"), drawn.text
            assert "script" not in drawn.headers["content-security-policy"]
        assert (await service.http.get(f"{where}/sizes.png")).content.startswith(b"\x89PNG")
        assert (await service.http.get(f"{where}/lineage.svg")).status_code == 404
        again = await trained(service, RunRequest(k=3))
        flows = await service.http.get(f"/v1/runs/{again.run_id}/plots/lineage.svg")
        assert (flows.status_code, " from 0 " in flows.text) == (200, True), flows.text[:900]
        assert (await service.http.get(f"{where}/sizes.gif")).status_code == 422
        assert (await service.http.get("/v1/runs/none/plots/sizes.svg")).status_code == 404
