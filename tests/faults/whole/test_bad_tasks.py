"""Tasks that fail, hang, or take too long; and suites that cannot even start."""

from __future__ import annotations

import pytest

from tests.hives import Yard, alive

HANGS = """
[services.calm]
run = "exec sleep 1000"
when = "cold"
[tasks.hang]
run = "echo $$ > ../hang; echo half way; exec sleep 1000"
{more}
[services.web]
run = "exec sleep 1000"
needs = ["hang"]
"""


def pid_of_hang(yard: Yard) -> int:
    """Wait for the task that hangs; its process."""
    path = yard.trees / "hang"
    yard.until(lambda: path.exists() and path.read_text().endswith("\n"), "the task runs")
    return int(path.read_text())


def outcomes(yard: Yard) -> dict[str, str]:
    """What became of each step of the last transition."""
    return {s["name"]: s["outcome"] for s in yard.hive("trace", "auth", "--json").json["steps"]}


def test_a_task_that_hangs_is_cancelled_by_cool(yard: Yard) -> None:
    yard.make_repo(HANGS.format(more=""))
    yard.hive("spawn", "auth")
    warming = yard.start("warm", "auth", "--json")
    pid = pid_of_hang(yard)
    yard.hive("cool", "auth")
    out, _ = warming.communicate(timeout=60)
    assert '"cancelled"' in out
    assert warming.returncode == 1
    assert not alive(pid)
    env = yard.env("auth")
    assert (env["state"], env["wanted"]) == ("cold", "cold")
    assert yard.service("auth", "calm")["state"] == "ready"


def test_a_task_that_takes_too_long_is_ended_and_shows_how_far_it_came(yard: Yard) -> None:
    yard.make_repo(HANGS.format(more="timeout = 1"))
    yard.hive("spawn", "auth")
    told = yard.hive("warm", "auth", status=1).err
    assert "hang failed: timed out after 1 s" in told
    assert "│ half way" in told
    assert not alive(pid_of_hang(yard))
    assert outcomes(yard) == {"hang": "failed", "web": "skipped"}


def test_a_task_is_tried_again_as_often_as_it_says(yard: Yard) -> None:
    yard.make_repo(
        """
[tasks.flaky]
run = "echo try >> ../tries; test $(wc -l < ../tries) -ge 3"
retries = 2
[tasks.hopeless]
run = "echo try >> ../more; exit 4"
retries = 1
"""
    )
    yard.hive("spawn", "auth")
    told = yard.hive("warm", "auth", status=1).err
    assert "hopeless failed: exit 4" in told
    assert (yard.trees / "tries").read_text().count("try") == 3
    assert (yard.trees / "more").read_text().count("try") == 2
    assert outcomes(yard) == {"flaky": "succeeded", "hopeless": "failed"}


def test_a_warm_after_the_mend_runs_only_what_is_missing(yard: Yard) -> None:
    yard.make_repo(
        """
[tasks.good]
run = "echo good >> ../good"
inputs = ["hive.toml"]
[tasks.bad]
run = "echo reason; test -e mended"
needs = ["good"]
[services.web]
run = "exec sleep 1000"
needs = ["bad"]
"""
    )
    yard.hive("spawn", "auth")
    assert "│ reason" in yard.hive("warm", "auth", status=1).err
    assert yard.env("auth")["state"] == "failed"
    (yard.tree("auth") / "mended").touch()
    yard.hive("warm", "auth")
    env = yard.env("auth")
    assert (env["state"], env["reason"]) == ("warm", None)
    assert (yard.trees / "good").read_text() == "good\n"


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("no-such-program --now", "exit 127"),
        ("kill -SEGV $$", "SIGSEGV"),
        ("exit 255", "exit 255"),
    ],
)
def test_the_way_a_task_ended_is_told(yard: Yard, program: str, words: str) -> None:
    yard.make_repo(f'[tasks.t]\nrun = "{program}"\n')
    yard.hive("spawn", "auth")
    assert words in yard.hive("warm", "auth", status=1).err


# --- suites --------------------------------------------------------------------------------------


def test_a_suite_whose_needs_fail_is_an_error(yard: Yard) -> None:
    yard.make_repo(
        '[tasks.build]\nrun = "exit 3"\nwhen = "warm"\n'
        '[tests.unit]\nrun = "true"\nneeds = ["build"]\n'
    )
    yard.hive("spawn", "auth")
    error = yard.hive("test", "auth", "--json", status=1).json["error"]
    assert "build failed: exit 3" in error["message"]
    assert error["env"] == "auth"


def test_a_suite_that_cannot_start_is_an_error_beside_the_others(yard: Yard) -> None:
    yard.make_repo(
        '[tests.secret]\nrun = "true"\nenv = { TOKEN = { secret = "NO_SUCH" } }\n'
        '[tests.unit]\nrun = "true"\n'
    )
    yard.hive("spawn", "auth")
    document = yard.hive("test", "auth", "--json", status=1).json
    assert "NO_SUCH" in document["error"]["message"]
    assert document["error"]["env"] == "auth"
    states = {t["name"]: t["state"] for t in document["tests"]}
    assert states["unit"] == "passed"
    assert states["secret"] in {"never", "error"}


def test_a_suite_that_takes_too_long_is_an_error_and_not_what_it_was_before(yard: Yard) -> None:
    yard.make_repo('[tests.unit]\nrun = "test ! -e ../../slow || exec sleep 1000"\ntimeout = 1\n')
    yard.hive("spawn", "auth")
    yard.hive("test", "auth")
    assert yard.env("auth")["tests"][0]["state"] == "passed"
    (yard.folder / "slow").touch()
    tests = yard.hive("test", "auth", "--json", status=1).json.get("tests")
    assert tests is None or tests[0]["state"] == "error"
    assert yard.env("auth")["tests"][0]["state"] == "error"
    assert "timed out after 1 s" in yard.hive("why", "auth", "test", "unit").out
    assert yard.runs() == {}


def test_a_suite_that_leaves_a_broken_report_is_judged_by_its_exit_status(yard: Yard) -> None:
    yard.make_repo(
        """
[tests.red]
run = "echo '<testsuite><broken' > {{report}}; exit 1"
[tests.odd]
run = "printf '\\\\377\\\\000' > {{report}}; exit 0"
"""
    )
    yard.hive("spawn", "auth")
    document = yard.hive("test", "auth", "--json", status=1).json
    states = {t["name"]: t["state"] for t in document["tests"]}
    assert states["red"] in {"failed", "error"}
    assert states["odd"] in {"passed", "error"}
