"""Templates as people write them."""

import pytest

from localaws.cloudformation.yaml_text import TemplateSyntax, read_template


def test_short_forms_are_spelled_out() -> None:
    template = read_template(
        """
        A: !Ref X
        B: !GetAtt X.Arn
        C: !GetAtt [X, Arn]
        D: !Sub ["${a}", {a: !Ref Y}]
        E: !If [IsLive, !Ref X, !Ref "AWS::NoValue"]
        F: !Condition IsLive
        G: !GetAtt X.Outputs.Y
        """
    )

    assert template == {
        "A": {"Ref": "X"},
        "B": {"Fn::GetAtt": ["X", "Arn"]},
        "C": {"Fn::GetAtt": ["X", "Arn"]},
        "D": {"Fn::Sub": ["${a}", {"a": {"Ref": "Y"}}]},
        "E": {"Fn::If": ["IsLive", {"Ref": "X"}, {"Ref": "AWS::NoValue"}]},
        "F": {"Condition": "IsLive"},
        "G": {"Fn::GetAtt": ["X", "Outputs.Y"]},
    }


def test_dates_stay_text_and_json_is_yaml() -> None:
    assert read_template("Version: 2012-10-17") == {"Version": "2012-10-17"}
    assert read_template('{"A": {"Ref": "B"}}') == {"A": {"Ref": "B"}}


def test_what_is_no_mapping_is_refused() -> None:
    with pytest.raises(TemplateSyntax, match="not a mapping"):
        read_template("- a\n- b")
