import pytest

from edgedet.detect.cuda.failure import cuda_error, no_device_error


@pytest.mark.parametrize("reason", ["CUDA_ERROR_OUT_OF_MEMORY", "cuMemAlloc failed: out of memory"])
def test_out_of_memory_says_what_to_lower(reason: str) -> None:
    error = cuda_error("allocating 12.0 MiB", reason)

    assert "no memory left for allocating 12.0 MiB" in str(error)
    assert reason in str(error)
    assert "--max-batch" in str(error)


@pytest.mark.parametrize(
    "reason",
    [
        "CUDA_ERROR_ILLEGAL_ADDRESS",
        "cuEventSynchronize failed: an illegal memory access was encountered",
        "CUDA_ERROR_LAUNCH_FAILED",
        "cuStreamSynchronize failed: unspecified launch failure",
        "CUDA_ERROR_ECC_UNCORRECTABLE",
        "CUDA_ERROR_MISALIGNED_ADDRESS",
        "CUDA_ERROR_CONTEXT_IS_DESTROYED",
    ],
)
def test_a_lost_context_says_to_start_anew(reason: str) -> None:
    told = str(cuda_error("waiting for the GPU", reason))

    assert reason in told
    assert "restart edgedet" in told


def test_tensorrt_is_named_where_it_says_so() -> None:
    reason = "[defaultAllocator.cpp::allocate::31] Error Code 1: Cuda Runtime (out of memory)"
    told = str(cuda_error("making an execution context", reason, "TensorRT 10.3.0"))
    assert told.startswith("the GPU has no memory left for making an execution context (TensorRT")
    reason = "Error Code 1: Cuda Runtime (an illegal memory access was encountered)"
    assert "restart edgedet" in str(cuda_error("running the engine", reason, "TensorRT 10.3.0"))


def test_other_errors_keep_the_driver_s_word() -> None:
    told = str(cuda_error("copying to the GPU", "CUDA_ERROR_INVALID_VALUE"))

    assert told == "CUDA failed while copying to the GPU: CUDA_ERROR_INVALID_VALUE"


def test_no_device_says_what_to_do() -> None:
    assert "driver is loaded" in str(no_device_error("pycuda", "no device"))
