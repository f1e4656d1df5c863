import pytest

from stepcast.engine.errors import BadParameter
from stepcast.engine.neural.parameters import NEURAL, settings_of
from stepcast.engine.training_parameters import AUTOMATIC


@pytest.mark.parametrize("algorithm", NEURAL)
def test_defaults_are_within_their_own_ranges(algorithm: str) -> None:
    settings = settings_of(algorithm, {}, 28)

    assert set(settings) == set(NEURAL[algorithm])
    for key, parameter in NEURAL[algorithm].items():
        if parameter.default != AUTOMATIC:
            assert settings[key] == parameter.read(parameter.default)


def test_numbers_are_read_as_the_service_writes_them() -> None:
    settings = settings_of("Deep_AR_Plus", {"learning_rate": "1E-3", "likelihood": "student-t"}, 28)

    assert settings["learning_rate"] == 0.001
    assert settings["likelihood"] == "student-T"


@pytest.mark.parametrize(
    ("algorithm", "key", "text", "why"),
    [
        ("CNN-QR", "learning_rate", "0.1", "CNN-QR takes context_length, epochs"),
        ("CNN-QR", "epochs", "0", "write a whole number from 1 to 1000"),
        ("CNN-QR", "epochs", "2.5", "write a whole number from 1 to 1000"),
        ("CNN-QR", "epochs", "many", "write a whole number from 1 to 1000"),
        ("CNN-QR", "use_related_data", "SOME", "write one of ALL, HISTORICAL"),
        ("Deep_AR_Plus", "learning_rate", "nan", "write a number from 0.0001 to 0.1"),
        ("Deep_AR_Plus", "likelihood", "piecewise-linear", "write one of student-T, gaussian"),
        ("Deep_AR_Plus", "prediction_length", "27", "write 28, the horizon"),
        ("LSTM", "look_back", "-1", "write a whole number from 1 to 1000"),
    ],
)
def test_a_wrong_one_is_named_with_what_is_allowed(algorithm: str, key: str, text: str, why: str) -> None:
    with pytest.raises(BadParameter, match=f"(?s){key}.*{why}"):
        settings_of(algorithm, {key: text}, 28)
