// Folding and its two ways back. Sums gather what lands on a position, kernel cell after kernel
// cell: no atomics, and the order of the additions is always the same.

// out (n, rows, columns, kernel_h * kernel_w * channels) = patches of x (n, height, width, channels)
template <typename T>
__global__ void fold(const T* x, T* out, int n, WINDOW_PARAMETERS)
{
    const Windows at = WINDOW_ARGUMENTS;
    const int run = at.kernel_w * at.channels, depth = at.kernel_h * run;
    const int out_size = at.windows() * depth;
    FOR_EACH_ELEMENT(element, out_size)
    {
        const int window = element / depth, cell = element % depth;
        const int y = window / at.columns * at.stride_h + cell / run;
        const int x_start = window % at.columns * at.stride_w;
        const int source = (y * at.width + x_start) * at.channels + cell % run;
        FOR_EACH_SAMPLE(sample, n)
        {
            out[(long long)sample * out_size + element] =
                x[(long long)sample * at.input_size() + source];
        }
    }
}

// Calls visit(entry) for the index, within a sample's patches, of every patch entry that was read
// from an input element; in the order of the kernel's cells.
template <typename Visit>
__device__ __forceinline__ void visit_entries(const Windows& at, int element, Visit visit)
{
    const int channel = element % at.channels, place = element / at.channels;
    const int y = place / at.width, x = place % at.width;
    const int depth = at.kernel_h * at.kernel_w * at.channels;
    for (int i = 0; i < at.kernel_h && i <= y; ++i) {
        const int row = (y - i) / at.stride_h;
        if (row * at.stride_h != y - i || row >= at.rows) continue;
        for (int j = 0; j < at.kernel_w && j <= x; ++j) {
            const int column = (x - j) / at.stride_w;
            if (column * at.stride_w != x - j || column >= at.columns) continue;
            visit((row * at.columns + column) * depth + (i * at.kernel_w + j) * at.channels +
                  channel);
        }
    }
}

// out (n, height, width, channels) = sum of the patch entries read from each position
template <typename T>
__global__ void fold_adjoint(const T* patches, T* out, int n, WINDOW_PARAMETERS)
{
    const Windows at = WINDOW_ARGUMENTS;
    const long long patch_size =
        (long long)at.windows() * at.kernel_h * at.kernel_w * at.channels;
    FOR_EACH_ELEMENT(element, at.input_size())
    {
        FOR_EACH_SAMPLE(sample, n)
        {
            const T* own = patches + sample * patch_size;
            T total = 0;
            visit_entries(at, element, [&](int entry) { total += own[entry]; });
            out[(long long)sample * at.input_size() + element] = total;
        }
    }
}

// out = mean of the known patch entries read from each position, 0 where none is;
// covered = whether one is. Without `known`, every entry is known.
template <typename T>
__global__ void fold_mean(const T* patches, const bool* known, T* out, bool* covered, int n,
                          WINDOW_PARAMETERS)
{
    const Windows at = WINDOW_ARGUMENTS;
    const long long patch_size =
        (long long)at.windows() * at.kernel_h * at.kernel_w * at.channels;
    FOR_EACH_ELEMENT(element, at.input_size())
    {
        FOR_EACH_SAMPLE(sample, n)
        {
            const long long first = sample * patch_size;
            T total = 0;
            int count = 0;
            visit_entries(at, element, [&](int entry) {
                if (known && !known[first + entry]) return;
                total += patches[first + entry];
                ++count;
            });
            const long long target = (long long)sample * at.input_size() + element;
            out[target] = total / (T)max(count, 1);
            if (covered) covered[target] = count > 0;
        }
    }
}
