"""The emulation itself: it runs what CUDA runs, and notices what would go wrong on a GPU."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from emulation.kernel import EmulationError, Module

pytestmark = pytest.mark.cuda_src

REVERSED = """
template <typename T> __global__ void reversed(const T* x, T* out, int n)
{
    __shared__ T held[64];
    held[threadIdx.x] = x[blockIdx.x * n + threadIdx.x];
    BARRIER
    out[blockIdx.x * n + threadIdx.x] = held[n - 1 - threadIdx.x];
}
"""


@pytest.fixture
def run(kernels):
    """Compile one kernel and launch it."""

    def launch(source, expression, grid, block, args, **options):
        Module(source, [expression], kernels).get_function(expression)(
            grid, block, tuple(args), **options
        )

    return launch


def test_barriers_and_shared_memory(run, random):
    x, out = random.random((3, 50)), np.empty((3, 50))
    source = REVERSED.replace("BARRIER", "__syncthreads();")
    run(source, "reversed<double>", (3,), (50,), [x, out, np.int32(50)])
    np.testing.assert_array_equal(out, x[:, ::-1])


def test_a_missing_barrier_is_noticed(run, random):
    x, out, length = random.random((3, 50)), np.empty((3, 50)), np.int32(50)
    with pytest.raises(EmulationError, match="depends on the order of threads"):
        run(REVERSED.replace("BARRIER", ""), "reversed<double>", (3,), (50,), [x, out, length])


def test_shared_memory_is_not_zero(run):
    out = np.empty(2, np.float32)
    source = """
    __global__ void kernel(float* out)
    {
        __shared__ float fixed[2];
        extern __shared__ unsigned char rest[];
        if (blockIdx.x == 1) out[threadIdx.x] = fixed[threadIdx.x] + ((float*)rest)[threadIdx.x];
        fixed[threadIdx.x] = ((float*)rest)[threadIdx.x] = 0;
    }"""
    run(source, "kernel", (2,), (2,), [out], shared_mem=8)
    assert np.isnan(out).all()


def test_lanes_exchange_values(run):
    out = np.empty((2, 40), np.int32)
    source = """
    __global__ void kernel(int* out)
    {
        int value = threadIdx.x;
        if (threadIdx.x < 32)
            for (int step = 16; step; step /= 2) value += __shfl_xor_sync(0xffffffff, value, step);
        out[blockIdx.x * 40 + threadIdx.x] = value;
    }"""
    run(source, "kernel", (2,), (40,), [out])
    np.testing.assert_array_equal(out, [[496] * 32 + list(range(32, 40))] * 2)


def test_names_for_fast_ways_do_the_same(run):
    out, x = np.empty(1, np.float32), np.array([-1], np.float32)
    source = "__global__ void kernel(const float* x, float* out) { *out = __expf(__ldg(x)); }"
    run(source, "kernel", (1,), (1,), [x, out])
    np.testing.assert_allclose(out, np.exp(x))


def test_blocks_of_several_dimensions(run):
    out = np.empty((2, 3, 4, 5), np.int32)
    source = """
    __global__ void kernel(int* out)
    {
        int thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
        int block = blockIdx.y * gridDim.x + blockIdx.x;
        out[block * 20 + thread] = block * 100 + thread;
    }"""
    run(source, "kernel", (3, 2), (5, 2, 2), [out])
    expected = 100 * np.arange(6)[:, None] + np.arange(20)
    np.testing.assert_array_equal(out.reshape(6, 20), expected)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("if (threadIdx.x) __syncthreads(); else __syncwarp();", "deadlock"),
        ("if (threadIdx.x == 3) return; __shfl_xor_sync(0xffffffff, 1, 1);", "has exited"),
        ("out[n] = 1;", "write beyond"),
        ("out[-1] = 1;", "write beyond"),
        ("((float*)x)[0] = 1;", "write into a 'const float"),
        ("out[0] = threadIdx.x;", "order of threads"),
        ("out[0] += blockIdx.x; if (blockIdx.x) out[0] *= 3;", "order of threads"),
    ],
)
def test_what_would_go_wrong_on_a_gpu_is_an_error(run, body, fault):
    source = f"__global__ void kernel(const float* x, float* out, int n) {{ {body} }}"
    arrays = [np.zeros(4, np.float32), np.zeros(4, np.float32), np.int32(4)]
    with pytest.raises(EmulationError, match=fault):
        run(source, "kernel", (3,), (32,), arrays)


@pytest.mark.parametrize("place", [-1, 8])
def test_writes_beyond_shared_memory_are_noticed(run, place):
    source = """
    __global__ void kernel(int place)
    {
        extern __shared__ unsigned char shared[];
        shared[place] = 1;
    }"""
    with pytest.raises(EmulationError, match="beyond the shared memory"):
        run(source, "kernel", (1,), (4,), [np.int32(place)], shared_mem=8)


@pytest.mark.parametrize(
    ("position", "value", "fault"),
    [
        (0, np.zeros(4), "'const float.', received float64"),
        (0, [1.0], "received list"),
        (0, np.zeros((4, 4), np.float32)[:, 1], "not contiguous"),
        (1, 4, "'int', received int"),
        (1, np.int64(4), "'int', received int64"),
        (2, 0.1, "'float', received float"),
    ],
)
def test_arguments_of_another_type_are_refused(run, position, value, fault):
    source = "__global__ void kernel(const float* x, int n, float rate) {}"
    args = [np.zeros(4, np.float32), np.int32(4), np.float32(0.1)]
    args[position] = value
    with pytest.raises(EmulationError, match=fault):
        run(source, "kernel", (1,), (1,), args)
    with pytest.raises(EmulationError, match="2 arguments for 3"):
        run(source, "kernel", (1,), (1,), args[:2])


@pytest.mark.parametrize(
    ("grid", "block", "shared"),
    [((0,), (1,), 0), ((1, 70000), (1,), 0), ((1,), (1025,), 0), ((1,), (1,), 50000)],
)
def test_launches_that_no_gpu_would_take(run, grid, block, shared):
    with pytest.raises(EmulationError, match="no GPU would take"):
        run("__global__ void kernel() {}", "kernel", grid, block, [], shared_mem=shared)


def test_a_null_pointer_may_stand_for_an_array(run):
    out = np.zeros(1, np.int32)
    source = "__global__ void kernel(const float* x, int* out) { out[0] = x ? 1 : 2; }"
    run(source, "kernel", (1,), (1,), [np.uintp(0), out])
    assert out[0] == 2


def test_sources_that_are_no_cuda_are_refused(kernels):
    with pytest.raises(subprocess.CalledProcessError) as caught:
        Module("__global__ void kernel() { nonsense; }", ["kernel"], kernels)
    assert "nonsense" in caught.value.stderr
