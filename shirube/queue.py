"""The schedule on many machines: due runs wait as tasks of Procrastinate, and workers on any machine take them.

Every worker looks for what is due and puts it into the queue, which keeps one waiting task for each moment of a job and
runs one at a time; whoever is free takes the next. The queue only spreads the work: the door of shirube/worker.py still
decides who may run what, so a task that is lost, or comes twice, changes nothing. Its tables are a schema of their own
in the PostgreSQL database, named after Procrastinate's version, and hold nothing that must be kept.
Procrastinate speaks asyncio; it lives in a thread of its own, and the jobs in others, synchronous as everywhere.
"""

import asyncio
import logging
import threading
from datetime import datetime
from importlib.metadata import version

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from procrastinate.schema import SchemaManager
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from core.errors import RefusedError
from shirube.jobs import Job
from shirube.stopping import Stopping
from shirube.worker import Worker, find, slot_before

_log = logging.getLogger(__name__)
SCHEMA = f"shirube_queue_{version('procrastinate').replace('.', '_')}"
QUEUE = "shirube"
AT_ONCE = 3  # tasks of one worker: sources wait for the network while ranking computes
_LOCK = 968_569_290  # of PostgreSQL, while the tables are made
_LOOK = 0.2  # seconds between two looks whether to stop
_DENIED = "42501"  # https://www.postgresql.org/docs/current/errcodes-appendix.html, insufficient_privilege


class Queue:
    """A worker that shares the schedule with those of other machines by way of a queue in their database."""

    def __init__(self, worker: Worker, engine: Engine, stop: Stopping) -> None:
        """Make the queue's tables where they are not there yet; raises RefusedError on any other database."""
        prepare(engine)
        self._worker, self._stop = worker, stop
        self._failure: Exception | None = None
        self._app = App(connector=_connector(engine))
        self._task = self._app.task(name="run", queue=QUEUE)(self._run)

    def run(self) -> list[str]:
        """Put due runs into the queue and take what waits, until asked to stop; gives the jobs that did not stop."""
        thread = threading.Thread(target=self._live, name="queue", daemon=True)
        self._worker.start_heart()
        thread.start()
        while thread.is_alive() and not self._stop.wait(_LOOK):
            pass
        left = self._worker.close()
        if not left:
            thread.join()
        if self._failure is not None:
            raise self._failure
        return left

    def _live(self) -> None:
        try:
            asyncio.run(self._share())
        except Exception as problem:  # raised anew where the program waits for this thread
            self._failure = problem

    async def _share(self) -> None:
        async with self._app.open_async():
            taking = asyncio.create_task(self._take())
            await self._watch()
            taking.cancel()  # takes nothing more; what runs here comes to its end
            await asyncio.wait([taking])

    async def _take(self) -> None:
        """Take what waits; begin anew after the database was away, or took this worker for dead."""
        rhythm = self._worker.rhythm
        while not self._stop.asked:
            try:
                await self._app.run_worker_async(
                    queues=[QUEUE],
                    concurrency=AT_ONCE,
                    delete_jobs="always",  # what was run is told by our own rows
                    install_signal_handlers=False,
                    update_heartbeat_interval=rhythm.beat,
                    stalled_worker_timeout=3 * rhythm.beat,
                    fetch_job_polling_interval=rhythm.look,
                )
            except ConnectorException:
                _log.warning("the queue does not answer", exc_info=True)
            await asyncio.sleep(_LOOK)

    async def _watch(self) -> None:
        """Put into the queue what is due, and take out of it what the dead have left."""
        while not self._stop.asked:
            try:
                await self._bury()
                await self._offer(await asyncio.to_thread(self._worker.due_now))
            except ConnectorException:
                _log.warning("the queue does not answer", exc_info=True)
            await self._pause(self._worker.rhythm.look)

    async def _bury(self) -> None:
        """End the tasks of workers that were silent for long: each keeps others of its job from being taken."""
        manager, silence = self._app.job_manager, 2 * self._worker.rhythm.beat
        for task in await manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=silence):
            _log.warning("task given up %s", task.call_string)
            await manager.finish_job(task, Status.ABORTED, delete_job=True)

    async def _offer(self, due: list[tuple[Job, datetime]]) -> None:
        tasks = await self._app.job_manager.list_jobs_async(queue=QUEUE, status="todo")
        waiting = {task.queueing_lock for task in tasks}
        for job, slot in due:
            name = f"{job.name}@{slot.isoformat()}"
            if name in waiting:
                continue
            try:
                await self._task.configure(lock=job.name, queueing_lock=name).defer_async(
                    job=job.name, slot=slot.isoformat()
                )
            except AlreadyEnqueued:  # another worker was first
                continue

    def _run(self, job: str, slot: str) -> None:
        """Go through the door with a task, unless a newer moment of its job has come while it waited."""
        known, moment = find(self._worker.jobs, job), datetime.fromisoformat(slot)
        newest = slot_before(known, self._worker.now())
        if newest is None or moment >= newest:
            self._worker.enter(known, moment)

    async def _pause(self, seconds: float) -> None:
        while seconds > 0 and not self._stop.asked:
            await asyncio.sleep(min(seconds, _LOOK))
            seconds -= _LOOK


def prepare(engine: Engine) -> None:
    """Make the queue's tables where they are not there yet, whoever else does so at the same moment."""
    if engine.dialect.name != "postgresql":
        raise RefusedError(
            "Many machines share their work through PostgreSQL, and this database is SQLite",
            "Run shirube work without --queue, or move the data to PostgreSQL first: docs/scaling.md",
        )
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            if connection.scalar(text("SELECT to_regclass(:name)"), {"name": f"{SCHEMA}.procrastinate_jobs"}) is None:
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
                connection.execute(text(f"SET LOCAL search_path TO {SCHEMA}"))
                whole = connection.execution_options(no_parameters=True)  # per cent signs are not ours to read
                whole.exec_driver_sql(SchemaManager.get_schema())
    except ProgrammingError as problem:
        if getattr(problem.orig, "sqlstate", None) != _DENIED:
            raise
        raise RefusedError(
            "This database user may not make the schema of the queue",
            "Let it: GRANT CREATE ON DATABASE name TO user; or run this once as the database's owner",
        ) from problem


def _connector(engine: Engine) -> PsycopgConnector:
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    options = f"-c search_path={SCHEMA} -c datestyle=ISO"  # the one way of writing moments that the driver reads
    arguments = {"options": options, "client_encoding": "utf8", "application_name": "shirube-queue"}
    return PsycopgConnector(conninfo=url, kwargs=arguments, min_size=1, max_size=4)
