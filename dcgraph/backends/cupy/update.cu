// What an update makes of a mixture's parameters, and what scores need of them.
// Shapes: (sets, components), and (sets, components, depth).

#define UPDATE_THREADS 256  // of a block, at most: a power of two, of whole warps
#define UPDATE_TOGETHER 4   // dimensions that a thread reads before it computes

// matrix (sets, components, 2 depth) = r^2 mu' beside -r^2 / 2, with mu' = mu - offset
// log_weights = log softmax of the logits; bias = log_weights + sum_d (log r - r^2 mu'^2 / 2),
// summed in double precision: it may be of the size of the largest term of a score.
// A block has one component.
template <typename T>
__global__ void __launch_bounds__(UPDATE_THREADS)
mixture_pack(const T* means, const T* precision_sqrt, const T* logits, const T* offset, T* matrix,
             T* bias, T* log_weights, int sets, int components, int depth)
{
    __shared__ double totals[UPDATE_THREADS / WARP];
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, warps = blockDim.x / WARP;
    const T middle = *offset;
    for (int index = blockIdx.x; index < sets * components; index += gridDim.x) {
        const long long first = (long long)index * depth;
        double total = 0;
#pragma unroll 4
        for (int d = threadIdx.x; d < depth; d += blockDim.x) {
            const T r = precision_sqrt[first + d], mean = means[first + d] - middle;
            const T weighted = r * r * mean;
            matrix[2 * first + d] = weighted;
            matrix[2 * first + depth + d] = T(-0.5) * r * r;
            total += (double)(logarithm(r) - T(0.5) * weighted * mean);
        }
        total = warp_sum(total);
        if (lane == 0) totals[warp] = total;
        __syncthreads();
        if (warp == 0) {
            for (int w = 1; w < warps; ++w) total += totals[w];
            const T* own = logits + index / components * components;
            double largest = minus_infinity(0.0), normaliser = 0;
            for (int k = lane; k < components; k += WARP) largest = max(largest, (double)own[k]);
            largest = warp_max(largest);
            for (int k = lane; k < components; k += WARP) {
                normaliser += exp((double)own[k] - largest);
            }
            const double log_weight = (double)logits[index] - largest - log(warp_sum(normaliser));
            if (lane == 0) {
                log_weights[index] = (T)log_weight;
                bias[index] = (T)(total + log_weight);
            }
        }
        __syncthreads();  // the totals have been read
    }
}

// The exact maximiser for smoothed sums t0 (sets, components), t1 and t2 (.., depth), floor included.
// A component that won less than `least` keeps its mean and its precision; no precision root is
// outside [root_min, root_max]. Blocks lie side by side over dimensions (y) of components (x).
template <typename T>
__global__ void __launch_bounds__(UPDATE_THREADS)
mixture_maximize(const T* t0, const T* t1, const T* t2, const T* old_means,
                 const T* old_precision_sqrt, const T* offset, T* means, T* precision_sqrt,
                 T* logits, T least, T variance_min, T root_min, T root_max, int sets,
                 int components, int depth)
{
    const int lane = threadIdx.x % WARP;
    const T middle = *offset;
    for (int index = blockIdx.x; index < sets * components; index += gridDim.x) {
        const T won = t0[index], share = max(won, least);
        if (blockIdx.y == 0 && threadIdx.x < WARP) {
            const T* own = t0 + index / components * components;
            T all = 0;
            for (int k = lane; k < components; k += WARP) all += max(own[k], least);
            all = warp_sum(all);
            if (lane == 0) logits[index] = logarithm(share / all);
        }
        const long long first = (long long)index * depth;
#pragma unroll 2
        for (int d = blockIdx.y * blockDim.x + threadIdx.x; d < depth;
             d += gridDim.y * blockDim.x) {
            const T mean = t1[first + d] / share;
            const T variance = max(t2[first + d] / share - mean * mean, variance_min);
            const T old_mean = old_means[first + d], old_root = old_precision_sqrt[first + d];
            means[first + d] = won >= least ? mean + middle : old_mean;
            const T learned = won >= least ? 1 / root(variance) : old_root;
            precision_sqrt[first + d] = min(max(learned, root_min), root_max);
        }
    }
}

// out = kept * running + added * batch, for three arrays at once. `kept_at` and `added_at` say where
// the factors lie on the device; where they are null, the factors are the numbers given.
template <typename T>
__global__ void __launch_bounds__(UPDATE_THREADS)
running_mean(const T* running0, const T* running1, const T* running2, const T* batch0,
             const T* batch1, const T* batch2, T* out0, T* out1, T* out2, const T* kept_at,
             const T* added_at, T kept, T added, long long size0, long long size1,
             long long size2)
{
    if (kept_at) kept = *kept_at;
    if (added_at) added = *added_at;
    for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
         i < size0 + size1 + size2; i += (long long)gridDim.x * blockDim.x) {
        if (i < size0) {
            out0[i] = kept * running0[i] + added * batch0[i];
        } else if (i < size0 + size1) {
            out1[i - size0] = kept * running1[i - size0] + added * batch1[i - size0];
        } else {
            const long long j = i - size0 - size1;
            out2[j] = kept * running2[j] + added * batch2[j];
        }
    }
}
