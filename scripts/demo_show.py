"""Play the demo stage by stage with live progress, and end with one table, a report and the next command."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from ranrein.agents import demo
from ranrein.agents.calibrate import CalibrationError
from ranrein.agents.certify import ShieldNotReadyError
from ranrein.agents.demo import DemoRun
from ranrein.agents.demo_config import DemoConfig
from ranrein.agents.demo_page import table_rows, words, write_page
from ranrein.agents.evaluate import Row
from ranrein.agents.evaluate import Table as Comparison
from ranrein.agents.evidence import Evidence
from ranrein.agents.levels import VIOLATION
from ranrein.safety.certificate import Verdict
from ranrein.safety.lifecycle import Mode

from .exit_codes import ExitCode

_WIDTH = 130  # where no terminal says how wide it is
console = Console(stderr=True, soft_wrap=True)
if not console.is_terminal:
    console = Console(stderr=True, soft_wrap=True, width=_WIDTH)
VERDICT_CODES = {
    Verdict.PASS: ExitCode.OK,
    Verdict.FAIL: ExitCode.FAIL,
    Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
    Verdict.ERROR: ExitCode.ERROR,
}


class Board:
    """One progress bar per stage; plain lines where there is no terminal."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description:<34}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        live = console.is_terminal
        self.bars = Progress(*columns, TimeElapsedColumn(), console=console, disable=not live)
        self._live, self._task = live, TaskID(0)

    def stage(self, name: str) -> Callable[[float], None]:
        """Begin a stage and return what takes its progress."""
        if not self._live:
            console.print(f"demo: {name} ...", markup=False, highlight=False)
            return lambda share: None
        self._task = task = self.bars.add_task(name, total=1.0)
        return lambda share: self.bars.update(task, completed=share)

    def note(self, text: str) -> None:
        """Show a line beside the bars, or under the others where there is no terminal."""
        if self._live:
            self.bars.update(self._task, description=text)
        else:
            console.print(f"demo: {text}", markup=False, highlight=False)


def play(config: DemoConfig) -> int:
    """Run everything, write the report, and return what the exit code says of it."""
    run, board = demo.prepare(config), Board()
    with board.bars:
        try:
            worth = _flow(run, board)
        except (ShieldNotReadyError, CalibrationError) as error:
            console.print(f"shield not ready: {error}", markup=False)
            return ExitCode.NOT_READY
    if not worth:
        return ExitCode.ERROR
    verdict, code = conclusion(run)
    rows = summary(run)
    following = f"ranrein evaluate policy={run.policy} scenario={config.scenario}"
    page = write_page(run, rows, verdict, following, code is ExitCode.OK)
    _show(rows, verdict, code)
    console.print(f"report: {page}\nnext:   {following}", markup=False, highlight=False)
    return code


def _flow(run: DemoRun, board: Board) -> bool:
    if run.config.drill == "none":
        demo.look_at_problem(run, board.stage)
        if not _worth_it(run):
            return False
        demo.learn(run, board.stage)
        demo.judge(run, board.stage)
        if run.table is not None:
            _print_table(run.table)
        demo.run_shadow(run, board.stage)
        demo.run_certification(run, board.stage, lambda evidence: _watch(board, evidence))
    demo.operate(run, board.stage)
    demo.verify_audit(run)
    return True


def _worth_it(run: DemoRun) -> bool:
    worth = run.worth
    if worth is None:
        return False
    _print_table(worth.table)
    console.print(
        f"bound: no controller that keeps every promise spends less than {worth.bound.energy_kwh.mean():.2f} kWh per "
        f"day; gap to the best baseline {worth.gap:.1%} of always on; greedy breaks a promise in "
        f"{worth.greedy_violated:.0%} of the episodes; waking takes {worth.wake_periods:g} control period(s)",
        markup=False, highlight=False,
    )  # fmt: skip
    for problem in worth.problems:
        console.print(f"this problem is not worth solving: {problem}", markup=False)
    return not worth.problems


def _print_table(comparison: Comparison) -> None:
    head, *rows = table_rows(comparison)
    table = Table(*head)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _watch(board: Board, evidence: Evidence) -> str:
    text = f"certify: {evidence.n} episodes, {int(evidence.values[VIOLATION].sum())} violated"
    board.note(text)
    return text


def conclusion(run: DemoRun) -> tuple[str, ExitCode]:
    """Say in a sentence what came of it, and the exit code that says the same."""
    story = run.story
    if run.shield_failures:
        return (
            f"NOT READY: the shield's self-test failed: {'; '.join(run.shield_failures)}",
            ExitCode.NOT_READY,
        )
    if run.verdict not in (None, Verdict.PASS):
        text = (
            f"the certificate is {run.verdict}: GUARDED was refused, the loop stayed in {story.reached[-1]}"
        )
        return text, VERDICT_CODES[run.verdict]
    if run.audit is None or not run.audit.ok:
        return "the audit log does not verify", ExitCode.AUDIT_BROKEN
    if Mode.CLOSED_LOOP not in story.reached:
        why = "; ".join(text for texts in story.refusals.values() for text in texts)
        return f"REFUSED: the loop stayed in {story.reached[-1]}: {why}", ExitCode.REFUSED
    expected = run.config.drill != "no_surge"
    if story.rolled_back != expected:
        return f"expected {'a' if expected else 'no'} rollback; see the report", ExitCode.ERROR
    ended = (
        "a crowd beyond the law came and it rolled back by itself"
        if expected
        else "no crowd came, no rollback"
    )
    return f"certified, opened step by step to CLOSED_LOOP; {ended}", ExitCode.OK


def against(row: Row) -> str:
    """Say whether a policy beats the best tuned rule for certain."""
    if row.score is None:
        return "cannot be told: no rule keeps its promises"
    better = "scores higher" if row.score.low > 0 else "does not score higher for certain"
    return f"{better}: {words(row.score, 2)} (0 is that rule, 1 the bound)"


def summary(run: DemoRun) -> list[tuple[str, str]]:
    """Return the one table that the demo ends with."""
    rows: list[tuple[str, str]] = []
    if run.table is not None:
        for row in run.table.rows:
            rows.append((f"{row.controller}: saving against always on", words(row.saving_pct, 1, " %")))
        rows += [(f"{row.controller} against {run.table.best_baseline}", against(row))
                 for row in run.table.rows if not row.is_baseline]  # fmt: skip
    if run.shielded is not None and run.shielded.intervention is not None:
        rows.append(
            (
                f"{run.shielded.controller}: interventions",
                f"{run.shielded.intervention.mean:.1%} of decisions",
            )
        )
    if run.certified is not None:
        record = run.certified.record
        said = f"{record.verdict} at level {record.level}, {record.seeds.count} episodes (demo key)"
        rows.append(("certificate", said))
    refused = {
        str(mode): texts for mode, texts in run.story.refusals.items() if mode not in run.story.reached
    }
    rows.append(("modes reached", " -> ".join(str(mode) for mode in run.story.reached)))
    rows += [(f"{mode} refused", "; ".join(texts)) for mode, texts in refused.items()]
    rows += [("certificate refused", text) for text in run.certificate_refusals]
    rows.append(("rolled back by itself", "yes" if run.story.rolled_back else "no"))
    if run.audit is not None:
        rows.append(("audit log", f"{'verified' if run.audit.ok else 'BROKEN'}, {run.audit.records} records"))
    return rows


def _show(rows: list[tuple[str, str]], verdict: str, code: ExitCode) -> None:
    table = Table("what", "result", title="Ranrein demo", show_lines=False)
    for name, value in rows:
        table.add_row(name, value)
    console.print(table)
    console.print(f"{verdict} (exit code {int(code)}: {code.name})", markup=False, highlight=False)
