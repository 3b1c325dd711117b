// What an update makes of a mixture's parameters, and what scores need of them: a warp for each
// component of each parameter set. Shapes: (sets, components), and (sets, components, depth).

// matrix (sets, components, 2 depth) = r^2 mu' beside -r^2 / 2, with mu' = mu - offset
// log_weights = log softmax of the logits; bias = log_weights + sum_d (log r - r^2 mu'^2 / 2),
// summed in double precision: it may be of the size of the largest term of a score.
template <typename T>
__global__ void mixture_pack(const T* means, const T* precision_sqrt, const T* logits,
                             const T* offset, T* matrix, T* bias, T* log_weights, int sets,
                             int components, int depth)
{
    const int lane = threadIdx.x % WARP, warps = blockDim.x / WARP;
    const T middle = *offset;
    for (int index = blockIdx.x * warps + threadIdx.x / WARP; index < sets * components;
         index += gridDim.x * warps) {
        const int set = index / components;
        double largest = minus_infinity(0.0);
        for (int k = lane; k < components; k += WARP) {
            largest = max(largest, (double)logits[set * components + k]);
        }
        largest = warp_max(largest);
        double normaliser = 0;
        for (int k = lane; k < components; k += WARP) {
            normaliser += exp((double)logits[set * components + k] - largest);
        }
        const double log_weight =
            (double)logits[index] - largest - log(warp_sum(normaliser));

        const long long first = (long long)index * depth;
        double total = 0;
        for (int d = lane; d < depth; d += WARP) {
            const T r = precision_sqrt[first + d], mean = means[first + d] - middle;
            const T weighted = r * r * mean;
            matrix[2 * first + d] = weighted;
            matrix[2 * first + depth + d] = T(-0.5) * r * r;
            total += (double)(logarithm(r) - T(0.5) * weighted * mean);
        }
        total = warp_sum(total);
        if (lane == 0) {
            log_weights[index] = (T)log_weight;
            bias[index] = (T)(total + log_weight);
        }
    }
}

// The exact maximiser for smoothed sums t0 (sets, components), t1 and t2 (.., depth), floor included.
// A component that won less than `least` keeps its mean and its precision.
template <typename T>
__global__ void mixture_maximize(const T* t0, const T* t1, const T* t2, const T* old_means,
                                 const T* old_precision_sqrt, const T* offset, T* means,
                                 T* precision_sqrt, T* logits, T least, T variance_min, int sets,
                                 int components, int depth)
{
    const int lane = threadIdx.x % WARP, warps = blockDim.x / WARP;
    const T middle = *offset;
    for (int index = blockIdx.x * warps + threadIdx.x / WARP; index < sets * components;
         index += gridDim.x * warps) {
        const int set = index / components;
        T all = 0;
        for (int k = lane; k < components; k += WARP) {
            all += max(t0[set * components + k], least);
        }
        all = warp_sum(all);
        const bool won = t0[index] >= least;
        const T share = max(t0[index], least);
        if (lane == 0) logits[index] = logarithm(share / all);
        const long long first = (long long)index * depth;
        for (int d = lane; d < depth; d += WARP) {
            const T mean = t1[first + d] / share;
            const T variance = max(t2[first + d] / share - mean * mean, variance_min);
            means[first + d] = won ? mean + middle : old_means[first + d];
            precision_sqrt[first + d] = won ? 1 / root(variance) : old_precision_sqrt[first + d];
        }
    }
}
