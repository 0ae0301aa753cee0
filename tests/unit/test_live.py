"""A report fits its window, and elsewhere follows the last one."""

import io

from entrypoints.live import fitted, watch


def test_a_report_is_cut_to_its_window_and_says_how_much_is_missing() -> None:
    lines = ["a" * 10, "b", "c", "d"]
    assert fitted(lines, 5, 4) == ["aaaa", "b", "c", "d"]
    assert fitted(lines, 40, 3) == ["a" * 10, "b", "... 2 more lines; enlarge the window"]
    assert fitted(lines, 0, 0) == lines


def test_where_there_is_no_terminal_each_report_follows_a_line_with_its_time_until_ctrl_c() -> None:
    reports = iter([["one"], ["two"]])

    def report() -> list[str]:
        try:
            return next(reports)
        except StopIteration:
            raise KeyboardInterrupt from None

    out = io.StringIO()
    watch(report, 0.001, out)
    heads, texts = out.getvalue().splitlines()[::2], out.getvalue().splitlines()[1::2]
    assert texts == ["one", "two"]
    assert all(head.startswith("--- ") and head.endswith(" UTC") for head in heads)
    assert "\x1b" not in out.getvalue()


def test_for_programs_nothing_stands_between_the_documents() -> None:
    left = [["{}"], ["{}"]]

    def report() -> list[str]:
        if not left:
            raise KeyboardInterrupt
        return left.pop()

    out = io.StringIO()
    watch(report, 0.001, out, bare=True)
    assert out.getvalue() == "{}\n{}\n"
