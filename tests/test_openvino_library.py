"""What OpenVINO says, without where in its sources it says so."""

from edgedet.openvino_library import openvino_reason


def test_the_reason_is_told_and_the_places_are_not() -> None:
    said = (
        "Exception from src/core.cpp:84:\nCheck 'false' failed at src/report.cpp:151:\n"
        "FrontEnd API failed with OpConversionFailure:\nModel wasn't fully converted.\nSummary:\n"
        "-- No conversion rule found for operations: com.microsoft.CDist\n\n"
    )
    assert openvino_reason(RuntimeError(said)) == (
        "Model wasn't fully converted. No conversion rule found for operations: com.microsoft.CDist"
    )


def test_something_is_said_in_any_case() -> None:
    assert openvino_reason(RuntimeError("Exception from core.cpp:1:\n")) == (
        "Exception from core.cpp:1:"
    )
    assert len(openvino_reason(RuntimeError("x" * 5000))) == 300
