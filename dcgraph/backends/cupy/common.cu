// What every source of this folder stands on; the loader puts it before each of them.
// Written for NVRTC, which has no headers: no INFINITY, no int64_t, no FLT_MAX.

#define WARP 32
#define EVERY_LANE 0xffffffffu

__device__ __forceinline__ float minus_infinity(float) { return __int_as_float(0xff800000); }
__device__ __forceinline__ double minus_infinity(double) { return minus_infinity(0.0f); }

__device__ __forceinline__ float exponential(float x) { return expf(x); }
__device__ __forceinline__ double exponential(double x) { return exp(x); }
// e^x as of a difference to the largest: the relative error is 1e-7 near 0, and grows with |x|.
__device__ __forceinline__ float exponential_below_0(float x) { return __expf(x); }
__device__ __forceinline__ float logarithm(float x) { return logf(x); }
__device__ __forceinline__ double logarithm(double x) { return log(x); }
__device__ __forceinline__ float root(float x) { return sqrtf(x); }
__device__ __forceinline__ double root(double x) { return sqrt(x); }

// 16 bytes, read or written at once.
template <typename T>
struct alignas(16) Vector {
    static constexpr int SIZE = 16 / sizeof(T);
    T of[SIZE];
};

// Reductions over a warp; every lane has the result.
template <typename T>
__device__ __forceinline__ T warp_sum(T value)
{
    for (int step = WARP / 2; step > 0; step /= 2) {
        value += __shfl_xor_sync(EVERY_LANE, value, step);
    }
    return value;
}
template <typename T>
__device__ __forceinline__ T warp_max(T value)
{
    for (int step = WARP / 2; step > 0; step /= 2) {
        const T other = __shfl_xor_sync(EVERY_LANE, value, step);
        if (other > value) value = other;
    }
    return value;
}

// Sliding windows over samples of (height, width, channels); `rows` x `columns` windows each.
// A window may stick out at the lower and right edge.
struct Windows {
    int height, width, channels, rows, columns, kernel_h, kernel_w, stride_h, stride_w;

    __device__ int input_size() const { return height * width * channels; }
    __device__ int windows() const { return rows * columns; }
};

#define WINDOW_PARAMETERS                                                                   \
    int height, int width, int channels, int rows, int columns, int kernel_h, int kernel_w, \
        int stride_h, int stride_w
#define WINDOW_ARGUMENTS \
    {height, width, channels, rows, columns, kernel_h, kernel_w, stride_h, stride_w}

// Work is laid out over elements of one sample (x) and over samples (y), so that a thread finds out
// where its element lies once, and not for every sample.
#define FOR_EACH_ELEMENT(element, size)                                   \
    for (int element = blockIdx.x * blockDim.x + threadIdx.x; element < (size); \
         element += gridDim.x * blockDim.x)
#define FOR_EACH_SAMPLE(sample, n) for (int sample = blockIdx.y; sample < (n); sample += gridDim.y)
