"""One schedule: workers, a host, customers and faults, step by step, all drawn from one seed.

Nothing runs at the same time, and yet everything can come between everything else: a worker's hand-over is walked step
by step (`Delivery.walk`), and between two steps others act, time passes, clocks are set, or the worker dies.
"""

import heapq
import tempfile
from collections import Counter
from functools import partial
from itertools import count
from pathlib import Path

import attrs

from faults import aim, quick, swarm
from faults.evidence import Act, Evidence
from faults.host import DAY, ERASES, HOUR, MINUTE, START, Script, perform
from faults.journeys import journeys, policy
from faults.looking import look
from faults.machines import Crash, Machine, MachineClock, Process
from faults.notes import Notes
from faults.providers import Line, Patient, Provider, Refunds
from faults.seam import SeamStore
from touchpoint.core import delivery as core
from touchpoint.engine.engine import Engine
from touchpoint.errors import DefectiveJourney, StoreError, TouchpointError
from touchpoint.stores.sqlite import SqliteStore

SECOND = 1_000_000
NAPS = (3, 15, 30, 100, 100, 600, 3 * 3600)  # seconds that a worker is paused
STEPS = 600  # of workers in one schedule; more would be a circle
FAR = (1 << 62) - 1
_DEFECTIVE = 30


class Schedule(Notes):
    """Runs the schedule of a seed.

    Args:
        seed: a whole number; equal seeds give equal schedules.
        aimed, strengths: as in `swarm.draw`.
    """

    def __init__(self, seed, *, aimed="", strengths=None):
        self.swarm = swarm.draw(seed, aimed=aimed, strengths=strengths)
        self.rng, self.strengths = self.swarm.rng, dict(self.swarm.strengths)
        self.now = START
        self.seq = 0
        self.commits = 0
        self.version = 1
        self.asked_to_go = set()
        self.steps = self.defective = 0
        self.injected = Counter()
        self.evidence = Evidence(memories=self.swarm.memories, calm=self.swarm.calm)
        self.poison = self.draws("poison")
        self.on_file = self.swarm.on_file
        self._agenda, self._order = [], count()
        self.aim = aim.take(self) if self.swarm.aimed else None
        self._reached, self._own = set(), Counter()
        self._offsets = [0]
        self._inside = 0

    # --- what goes wrong ------------------------------------------------------------------------------------------

    def draws(self, kind):
        """Whether this fault happens now."""
        strength = self.strengths.get(kind)
        if not strength or self.rng.random() >= strength:
            return False
        self.injected[kind] += 1
        return True

    def fault_of_call(self):
        """What goes wrong in the call at hand; empty for nothing."""
        if self.aim is not None and (fault := self.aim.fault_of_call()):
            return fault
        return next((kind for kind in swarm.AT_PROVIDER[:8] if self.draws(kind)), "")

    def kill(self, process):
        """A process dies; it is started again some time later."""
        if process.alive:
            process.alive = False
            process.life += 1
            self.at(self.now + self.rng.choice((1, 5, 60, 600)) * SECOND, partial(self._revive, process))

    def pass_time(self, microseconds):
        """Time passes, for everybody alike."""
        self.now += microseconds

    def set_clock(self, machine, offset):
        """Somebody sets a machine's wall clock."""
        machine.offset = offset
        self._offsets.append(offset)
        self.evidence.slack = max(self._offsets) - min(self._offsets)

    def reboot(self, machine):
        """A machine goes down with everything on it, and comes back with a new monotonic clock."""
        machine.booted, machine.boot = self.now, machine.boot + 1
        for process in self.processes:
            if process.machine is machine:
                self.kill(process)

    def meanwhile(self, process):
        """While one worker is in a call, another one takes a step, or the host acts."""
        if self._inside:
            return
        self._inside += 1
        others = [each for each in self._ready() if each is not process]
        if others and self.rng.random() < 0.6:
            for _ in range(self.rng.choice((1, 2, 5))):
                self.step(self.rng.choice(others))
        else:
            self.do(self.script.some_act(self.rng.choice(self.script.customers)))
        self._inside -= 1

    # --- processes ------------------------------------------------------------------------------------------------

    def _start(self):
        machines = [Machine(self, n, booted=START - (n + 1) * DAY) for n in range(self.swarm.machines)]
        self._folder = tempfile.TemporaryDirectory(dir=_ram()) if self.on_file else None
        self.store = self._open_file() if self.on_file else quick.fresh_store()
        memories, lookups = self.swarm.memories, self.swarm.lookups
        self.providers = {name: Provider(name, memory, name in lookups) for name, memory in memories.items()}
        self.processes = [Process(n, machines[n % len(machines)]) for n in range(self.swarm.workers)]
        quiet, self.strengths = self.strengths, {}
        for process in self.processes:
            self._boot(process)
        self.strengths = quiet

    def _open_file(self):
        return SqliteStore(str(Path(self._folder.name) / "store.db"), durability="fast")

    def _boot(self, process):
        process.forget()
        process.alive = True
        own = self._open_file() if self.on_file else self.store
        if self.on_file and process.store is not None:
            process.store.store.close()
        process.store = SeamStore(own, self, process, process.life)
        process.engine = Engine(
            process.store, journeys=self.journeys(self.version),
            channels=[Line(each, process, self) for each in self.providers.values()], policy=policy(),
            clock=MachineClock(process.machine), functions={"refund": Refunds(process, self)},
            **({"secret": b"s" * 32} if ERASES else {}),
        )  # fmt: skip
        process.engine._caller = Patient(process, self)
        process.proofs, process.before = [], []
        process.group = self.rng.choice((1, 2, 50, 50))

    def _revive(self, process):
        if process.alive:
            return
        try:
            self._boot(process)
        except (StoreError, Crash):
            process.alive = True  # so that it can die
            self.kill(process)

    def generation_seen_by(self, process):
        """How often others than this process have committed: what a store of its own would tell it."""
        return self.commits - self._own[process.number]

    # --- hand-overs -----------------------------------------------------------------------------------------------

    def _ready(self):
        return [each for each in self.processes if each.alive and each.asleep_until <= self.now]

    def step(self, process):
        """Let a worker take the step that it stands before, or begin a new hand-over."""
        self.steps += 1
        if process.walk is None:
            self._walk(process, process.engine.delivery())
        elif self._goes_wrong(process):
            return
        doing = process.doing = process.upcoming
        self._before(process, doing)
        try:
            process.upcoming = next(process.walk)
        except StopIteration:
            process.forget()
        except Crash:
            self.kill(process)
            process.forget()
        except StoreError:
            process.forget()
        except DefectiveJourney:
            self.defective += 1
            careful = attrs.evolve(process.engine.delivery(), units=partial(process.engine._unit, careful=True))
            process.forget()
            self._walk(process, careful)
        finally:
            process.doing = None

    def _walk(self, process, delivery):
        process.walk = delivery.walk(
            lambda unit, now: [unit.by_number(no) for _, no in unit.tx.due(now, process.group)]
        )
        process.upcoming = None
        process.upcoming = next(process.walk)  # it pauses before it does anything

    def _before(self, process, doing):
        machine = process.machine
        if isinstance(doing, core.ReleaseAll):
            # What was handed out before, and not committed, has to come again.
            process.before, process.proofs = process.before + process.proofs, []
            process.release = (self.seq + 1, self.now, machine.wall(), machine.elapsed(), machine.timeline())
        elif isinstance(doing, core.LastLook):
            look = (self.seq + 1, machine.wall(), machine.elapsed(), machine.timeline())
            process.looks[doing.ticket.key] = look

    def _goes_wrong(self, process):
        """Faults between two steps; True where the step is not taken now."""
        doing = process.upcoming
        if self.aim is not None and self.aim.before(process, doing):
            return True
        if self.draws("crash"):
            self.kill(process)
            process.forget()
        elif self.draws("reboot"):
            self.reboot(process.machine)
        elif self.draws("paused"):
            self.pause(process, self.rng.choice(NAPS) * SECOND)
            return True
        if self.draws("clock set"):
            self.set_clock(process.machine, self.rng.choice((-2 * HOUR, 2 * HOUR, 0, 0, 5 * SECOND)))
        if self.draws("slow step"):
            self.pass_time(self.rng.choice((1, 4, 9)) * SECOND)
        if self.draws("act between"):
            self.do(self.script.interference(_customer(doing) or self.rng.choice(self.script.customers)))
        return process.walk is None or not process.alive

    def pause(self, process, microseconds):
        """A worker is stopped for a while, where it stands.

        Between its last look and its call no protocol can help a worker that sleeps for longer than the provider
        remembers, so that is bounded.
        """
        doing = process.upcoming
        if isinstance(doing, core.Call):
            memory = self.swarm.memories.get(doing.ticket.channel)
            microseconds = min(microseconds, memory // 2 - 5 * MINUTE) if memory is not None else microseconds
            # Nor, if a clock is set forward, one whose provider is asked and has not seen it yet.
            microseconds = (
                min(microseconds, 10 * SECOND) if doing.ticket.channel in self.swarm.lookups else microseconds
            )
        process.asleep_until = self.now + microseconds

    def stop_all(self, until):
        """Nobody works until then; who stood right before a call is gone for good, as in `pause`."""
        for process in self.processes:
            process.asleep_until = until
            if isinstance(process.upcoming, core.Call):
                self.kill(process)
                process.forget()

    # --- the host -------------------------------------------------------------------------------------------------

    def at(self, then, what):
        """Have something happen at an instant of true time."""
        heapq.heappush(self._agenda, (then, next(self._order), what))

    def do(self, act, tries=0):
        """Let the host act, through any living process; where the store fails it tries again, as hosts do."""
        able = [each for each in self.processes if each.alive and each.act is None]
        if not able:
            self._again(act, tries)
            return
        process = self.rng.choice(able)
        wall = process.machine.wall()
        if (act.data.get("at") or 0) < 0:
            act.data["at"] += wall
        if not act.seq:
            self.seq += 1
            act.seq, act.at, act.wall = self.seq, self.now, wall
        process.act = act
        try:
            act.answer = perform(process.engine, act)
        except (StoreError, Crash) as error:
            if isinstance(error, Crash):
                self.kill(process)
            self._again(act, tries)
        except TouchpointError:
            return  # refused at the door: nothing of it may be stored
        else:
            self.seq += 1
            act.acked = self.seq
            if act.committed is None:
                self.evidence.acts.append(act)
            self._after(act)
        finally:
            process.act = None

    def _again(self, act, tries):
        fresh = attrs.evolve(act, data=dict(act.data), seq=0, committed=None, acked=None)
        self.at(self.now + self.rng.choice((1, 10, 120)) * SECOND, lambda: self.do(fresh, tries + 1))

    def _after(self, act):
        if act.what == "release":
            self.version = 2  # for whoever starts from now on; those at work find it in the store
        if act.what == "touchpoint" and self.draws("duplicate"):
            data = dict(act.data)
            if self.rng.random() < 0.2:
                data["order"] += "x"
            again = attrs.evolve(act, data=data, seq=0, committed=None, acked=None)
            self.at(self.now + self.rng.choice((1, 60, 5000, 90_000)) * SECOND, lambda: self.do(again))

    def _now_and_then(self):
        """What the host does besides what its script says, while anything of it is up."""
        if self.rng.random() < 0.7 or not any(each.alive for each in self.processes):
            return
        if self.draws("down for days"):
            self.stop_all(self.now + self.rng.choice((1, 3, 9)) * DAY)
        if self.draws("new release"):
            self.release_journeys()
        if self.version == 1 and self.draws("released in the middle"):
            self.do(Act("release", "", {"journey": self.rng.choice(self.journeys(2)[-2:])}))
        if self.draws("receipt") and self.evidence.calls:
            call = self.rng.choice(self.evidence.calls)
            if call.reached or call.answer == "accepted":
                self.do(Act("receipt", call.customer, {"key": call.key, "id": f"e{self.script.number()}"}))
        if ERASES and self.draws("erased"):
            customer = self.rng.choice(self.script.customers)
            if customer not in self.asked_to_go:  # a host that is down asks once when it is up again, not each second
                self.asked_to_go.add(customer)
                self.do(Act("erase", customer, {}))

    def journeys(self, version):
        """The journeys of this schedule, of a release."""
        return journeys(version, poison=self.poison, words=self.swarm.words)

    def release_journeys(self):
        """A new version of the journeys goes to work: every process is started anew with it."""
        self.version = 2
        for process in self.processes:
            self.kill(process)

    # --- the run --------------------------------------------------------------------------------------------------

    def run(self):
        """Run it, let everything heal, and hand over what it leaves behind."""
        self._start()
        try:
            self.script = Script(self)
            for act in self.script.beginning():
                self.do(act)
            for then, act in self.script.acts():
                self.at(then, partial(self.do, act))
            while self._agenda and self.steps < STEPS:
                self._tick()
            self._heal()
            self._look_at_the_end()
        finally:
            self._stop()
        return self.evidence

    def _tick(self):
        awake = [each.asleep_until for each in self.processes if each.alive and each.asleep_until > self.now]
        busy = any(not each.idle() for each in self._ready())
        then = min((self._agenda[0][0], self._due() if self._ready() else FAR, *awake, *([self.now] if busy else [])))
        self.now = max(self.now, then)
        while self._agenda and self._agenda[0][0] <= self.now:
            heapq.heappop(self._agenda)[2]()
        self._now_and_then()
        self._work()

    def _due(self):
        """When something falls due next, in true time."""
        with self.store.reading() as reader:
            rows = reader.due(FAR, 1)
        if not rows:
            return FAR
        # Behind a clock that somebody set back it falls due later.
        return max(rows[0][0] - min(each.machine.offset for each in self._ready()), self.now + 1)

    def _work(self):
        """Workers look at what is due, in any order, until each has come to the end of a hand-over, or is stopped."""
        ready = self._ready()
        if len(ready) > 1 and not self.swarm.calm:
            ready = [each for each in ready if not each.idle() or self.rng.random() < 0.7] or ready[:1]
        for process in ready:
            if process.idle() and self._due_for(process):
                self.step(process)
        while busy := [each for each in ready if each.alive and not each.idle() and each.asleep_until <= self.now]:
            self.step(busy[0] if len(busy) == 1 else self.rng.choice(busy))
            if self.steps > 2 * STEPS or self.defective > _DEFECTIVE:
                break

    def _heal(self):
        """Faults are over: clocks are right, everybody lives, nothing is paused, and time goes on until all is done."""
        self.strengths, self.aim, self.swarm.aimed = {}, None, ""
        for process in self.processes:
            if process.machine.offset:
                self.set_clock(process.machine, 0)
            process.asleep_until = 0
            if not process.alive:
                self._boot(process)
        self._drain()
        while self._agenda:
            self.now = max(self.now, self._agenda[0][0])
            heapq.heappop(self._agenda)[2]()
        self._lift()
        self._drain()
        self.now += 130 * SECOND
        self._drain()
        end = self.now + 60 * DAY
        while (due := self._due()) <= end and self._goes_on():
            self.now = max(self.now, due)
            self._drain()
            self._lift()

    def _lift(self):
        with self.store.reading() as reader:
            controls = reader.controls()
        for each in controls:
            self.processes[0].engine.resume(**{each.scope: each.name})

    def _drain(self):
        for process in self.processes:
            while self._goes_on() and not (process.idle() and not self._due_for(process)):
                self.step(process)

    def _goes_on(self):
        """Whether there is hope: what takes this long, or fails this often, turns in circles."""
        return self.steps < 4 * STEPS and self.defective < _DEFECTIVE

    def _due_for(self, process):
        """Whether anything is due on the clock of this process; asked before it takes the write lock, as workers do."""
        if self.draws("busy reading"):
            return False  # it comes again
        with self.store.reading() as reader:
            return bool(reader.due(process.machine.wall(), 1))

    def _look_at_the_end(self):
        look(self.store, self.evidence)

    def _stop(self):
        for process in self.processes:
            if process.walk is not None:
                process.walk.close()
        if self.on_file:
            for process in self.processes:
                process.store.store.close()
            self.store.close()
            self._folder.cleanup()


def _customer(doing):
    ticket = getattr(doing, "ticket", None)
    return None if ticket is None else ticket.customer


def _ram():
    memory = Path("/dev", "shm")
    return memory if memory.is_dir() else None
