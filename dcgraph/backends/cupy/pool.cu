// Max-pooling and its ways back. Windows that stick out see only what exists.

// Calls visit(source, cell) for every element of a window that exists: its index within a sample's
// input, and the flat index of its cell in the kernel; in the order of the cells.
template <typename Visit>
__device__ __forceinline__ void visit_window(const Windows& at, int element, Visit visit)
{
    const int channel = element % at.channels, window = element / at.channels;
    const int y = window / at.columns * at.stride_h, x = window % at.columns * at.stride_w;
    for (int i = 0; i < at.kernel_h && y + i < at.height; ++i) {
        for (int j = 0; j < at.kernel_w && x + j < at.width; ++j) {
            visit(((y + i) * at.width + x + j) * at.channels + channel, i * at.kernel_w + j);
        }
    }
}

// Calls visit(window, cell) for every window that covers an input element: its number, and the flat
// index of the kernel's cell that lies on the element; in the order of the cells.
template <typename Visit>
__device__ __forceinline__ void visit_windows(const Windows& at, int element, Visit visit)
{
    const int place = element / at.channels;
    const int y = place / at.width, x = place % at.width;
    for (int i = 0; i < at.kernel_h && i <= y; ++i) {
        const int row = (y - i) / at.stride_h;
        if (row * at.stride_h != y - i || row >= at.rows) continue;
        for (int j = 0; j < at.kernel_w && j <= x; ++j) {
            const int column = (x - j) / at.stride_w;
            if (column * at.stride_w != x - j || column >= at.columns) continue;
            visit(row * at.columns + column, i * at.kernel_w + j);
        }
    }
}

#define POOL_TOGETHER 4  // samples whose values of a cell are on their way at the same time

// largest = the largest value of each window, (n, rows, columns, channels); NaN where there is one.
// cell = the flat kernel index of the first one; either may be null.
template <typename T>
__global__ void pool_max(const T* x, T* largest, int* cell, int n, WINDOW_PARAMETERS)
{
    const Windows at = WINDOW_ARGUMENTS;
    const int out_size = at.windows() * at.channels;
    FOR_EACH_ELEMENT(element, out_size)
    {
        const int apart = gridDim.y * POOL_TOGETHER;
        for (int first = blockIdx.y * POOL_TOGETHER; first < n; first += apart) {
            const T* own[POOL_TOGETHER];
            T best[POOL_TOGETHER];
            int winner[POOL_TOGETHER];
#pragma unroll
            for (int u = 0; u < POOL_TOGETHER; ++u) {
                // Beyond the last sample there is the last one once more: read, and not written.
                own[u] = x + (long long)min(first + u, n - 1) * at.input_size();
                best[u] = minus_infinity(T(0));
                winner[u] = 0;
            }
            visit_window(at, element, [&](int source, int here) {
                T value[POOL_TOGETHER];
#pragma unroll
                for (int u = 0; u < POOL_TOGETHER; ++u) value[u] = own[u][source];
#pragma unroll
                for (int u = 0; u < POOL_TOGETHER; ++u) {
                    if (value[u] > best[u] || value[u] != value[u]) {
                        best[u] = value[u];
                        winner[u] = here;
                    }
                }
            });
#pragma unroll
            for (int u = 0; u < POOL_TOGETHER; ++u) {
                if (first + u >= n) continue;
                const long long target = (long long)(first + u) * out_size + element;
                if (largest) largest[target] = best[u];
                if (cell) cell[target] = winner[u];
            }
        }
    }
}

// out (n, height, width, channels) = mean over the windows that put a value on a position, 0 where
// none does; covered = whether one does. `known` says which values of y carry a signal, `choice`
// (n, rows, columns) on which cell alone a window puts its value; either may be null.
template <typename T>
__global__ void pool_spread(const T* y, const bool* known, const long long* choice, T* out,
                            bool* covered, int n, WINDOW_PARAMETERS)
{
    const Windows at = WINDOW_ARGUMENTS;
    FOR_EACH_ELEMENT(element, at.input_size())
    {
        const int channel = element % at.channels;
        FOR_EACH_SAMPLE(sample, n)
        {
            const long long first = (long long)sample * at.windows();
            T total = 0;
            int count = 0;
            visit_windows(at, element, [&](int window, int cell) {
                const long long source = (first + window) * at.channels + channel;
                if (known && !known[source]) return;
                if (choice && choice[first + window] != cell) return;
                total += y[source];
                ++count;
            });
            const long long target = (long long)sample * at.input_size() + element;
            out[target] = total / (T)max(count, 1);
            if (covered) covered[target] = count > 0;
        }
    }
}

// out (n, height, width, channels) = sum of the gradients of the windows whose winner lies there
template <typename T>
__global__ void pool_adjoint(const T* grad, const int* cell, T* out, int n, WINDOW_PARAMETERS)
{
    const Windows at = WINDOW_ARGUMENTS;
    FOR_EACH_ELEMENT(element, at.input_size())
    {
        const int channel = element % at.channels;
        FOR_EACH_SAMPLE(sample, n)
        {
            const long long first = (long long)sample * at.windows();
            T total = 0;
            visit_windows(at, element, [&](int window, int here) {
                const long long source = (first + window) * at.channels + channel;
                if (cell[source] == here) total += grad[source];
            });
            out[(long long)sample * at.input_size() + element] = total;
        }
    }
}
