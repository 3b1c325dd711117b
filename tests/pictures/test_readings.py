from matplotlib.figure import Figure

from dcgraph.pictures.readings import draw_reading, has_begun

COLUMNS = {
    "step": [1, 5, 9],
    "active": [0, 1, 1],
    "log_likelihood": [-4.0, -2.0, 1.0],
    "sigma": [2.0, 1.0, 0.5],
}


def drawn(quantity, columns=COLUMNS):
    axes = Figure().subplots()
    draw_reading(axes, columns, quantity, 40)
    return axes


def test_a_panel_shows_the_column_over_the_whole_run_and_where_the_delay_ends():
    axes = drawn("log_likelihood")
    curve, delay = axes.lines
    assert list(curve.get_xdata()) == [1, 5, 9]
    assert list(curve.get_ydata()) == [-4, -2, 1]
    assert set(delay.get_xdata()) == {5}
    assert axes.get_xlim() == (0, 40)
    assert all(tick == round(tick) for tick in axes.get_xticks())


def test_a_node_without_a_delay_has_no_line_for_it():
    assert len(drawn("log_likelihood", {**COLUMNS, "active": [1, 1, 1]}).lines) == 1


def test_sigma_is_seen_against_zero():
    assert drawn("sigma").get_ylim()[0] == 0
    assert drawn("log_likelihood").get_ylim()[0] < 0


def test_a_node_has_begun_when_it_was_active_once():
    assert has_begun(COLUMNS)
    assert not has_begun({**COLUMNS, "active": [0, 0, 0]})
    assert not has_begun({})
