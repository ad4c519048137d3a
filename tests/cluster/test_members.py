"""Who is asked of a cluster: all of its workers, however many they are."""

from itertools import islice

from loyalty_pipeline.cluster.members import members


class SpringRelease:
    """Tells of workers as the oldest release does that is allowed: of five, unless it is asked for more."""

    def scheduler_info(self, n_workers=5):
        workers = {f"tcp://10.0.0.{number}:40000": {"nthreads": 1} for number in range(7)}
        return {"workers": dict(islice(workers.items(), None if n_workers < 0 else n_workers))}


def test_the_sixth_worker_is_looked_at_too():
    assert len(members(SpringRelease(), 10)) == 7
