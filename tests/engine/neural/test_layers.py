import numpy as np
import pytest

from stepcast.engine.neural.layers import Maker, conv_to_last, lstm, lstm_step, shares


def test_convolutions_to_the_last_position_are_those_of_all_positions() -> None:
    make = Maker(1)
    make.dense("c0", 2 * 3, 4)
    make.dense("c1", 2 * 4, 4)
    make.dense("c2", 2 * 4, 4)
    x = np.random.default_rng(0).normal(size=(2, 8, 3)).astype("f4")

    whole = x
    for layer in range(3):
        before = np.concatenate(
            [np.zeros((2, 2**layer, whole.shape[2]), "f4"), whole[:, : -(2**layer)]], axis=1
        )
        kernel, bias = make.weights[f"c{layer}.kernel"], make.weights[f"c{layer}.bias"]
        made = np.maximum(np.concatenate([before, whole], axis=2) @ kernel + bias, 0)
        whole = made + whole if layer else made

    np.testing.assert_allclose(conv_to_last(make.weights, "c", x, 3), whole[:, -1], rtol=1e-5, atol=1e-6)


def test_an_lstm_is_its_step_again_and_again() -> None:
    make = Maker(1)
    make.lstm("l", 3, 5)
    x = np.random.default_rng(0).normal(size=(2, 6, 3)).astype("f4")

    state = (np.zeros((2, 5), "f4"), np.zeros((2, 5), "f4"))
    for time in range(6):
        state = lstm_step(make.weights, "l", state, x[:, time])

    np.testing.assert_allclose(lstm(make.weights, "l", x, 5)[:, -1], state[0], rtol=1e-6)


def test_a_cell_that_keeps_all_and_writes_nothing_stays_as_it_is() -> None:
    make = Maker(0)
    make.lstm("l", 1, 1)
    make.weights["l.kernel"][:] = 0
    make.weights["l.bias"][:] = (-50, 50, 50, 0)  # write, keep, show, candidate

    hidden, cell = lstm_step(make.weights, "l", (np.zeros((1, 1)), np.full((1, 1), 0.3)), np.ones((1, 1)))

    assert cell == pytest.approx(0.3)
    assert hidden == pytest.approx(np.tanh(0.3))


def test_what_is_unknown_has_no_share() -> None:
    logits, known = np.zeros((1, 3)), np.array([[True, False]])

    np.testing.assert_allclose(shares(logits, known), [[0.5, 0.0, 0.5]])


def test_numpy_and_jax_agree() -> None:
    import jax.numpy as jnp

    make = Maker(1)
    make.lstm("l", 3, 5)
    make.dense("c0", 2 * 3, 4)
    make.dense("c1", 2 * 4, 4)
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("f4")
    there = {name: jnp.asarray(array) for name, array in make.weights.items()}

    np.testing.assert_allclose(lstm(make.weights, "l", x, 5), lstm(there, "l", jnp.asarray(x), 5), atol=1e-6)
    own, its = conv_to_last(make.weights, "c", x, 2), conv_to_last(there, "c", jnp.asarray(x), 2)
    np.testing.assert_allclose(own, its, atol=1e-6)
