// Rows of scores in shared memory, a thread for each: what is wanted of them, without a word between
// threads. The scores of a block's rows lie one after another, each row an odd number of elements
// from the next, so that threads side by side meet different banks.

#define SETTLE_THREADS 128  // of a block, at most

// Where to write what is wanted of each row; any may be null. See `mixture_posterior`.
template <typename T>
struct Wanted {
    T *output, *log_likelihood, *max_component, *loss;
    int* winner;
};

// smoothing_t[j * pitch + k] = M_kj, 0 beyond the last component; `pitch` is a whole number of vectors.
template <typename T>
__device__ __forceinline__ void load_smoothing(const T* smoothing, T* smoothing_t, int components,
                                               int pitch)
{
    for (int i = threadIdx.x; i < components * pitch; i += blockDim.x) {
        const int j = i / pitch, k = i - j * pitch;
        smoothing_t[i] = k < components ? smoothing[k * components + j] : T(0);
    }
}

// Writes what is wanted of the row, and puts its posterior in the place of its scores if that is
// wanted. smoothing_t may be null. `present` is how many of its dimensions are known.
template <typename T>
__device__ __forceinline__ void settle(T* own, const T* smoothing_t, int pitch, int components,
                                       int present, long long row, const Wanted<T>& wanted)
{
    constexpr int SIZE = Vector<T>::SIZE;
    const T constant = (T)(0.91893853320467274178 * present);  // log(2 pi) / 2 of each
    T largest = minus_infinity(T(0));
    int first = components;
#pragma unroll 4
    for (int k = 0; k < components; ++k) {
        const T value = own[k];
        if (value > largest) {
            largest = value;
            first = k;
        }
    }
    T best = largest;
    if (smoothing_t) {
        best = minus_infinity(T(0));
        first = components;
        for (int begin = 0; begin < components; begin += SIZE) {
            T value[SIZE] = {};
            for (int j = 0; j < components; ++j) {
                const Vector<T> weights = *(const Vector<T>*)(smoothing_t + j * pitch + begin);
                for (int i = 0; i < SIZE; ++i) value[i] += weights.of[i] * own[j];
            }
            for (int i = 0; i < SIZE; ++i) {
                if (begin + i < components && value[i] > best) {
                    best = value[i];
                    first = begin + i;
                }
            }
        }
    }
    if (wanted.winner) wanted.winner[row] = present == 0 || first == components ? -1 : first;
    if (wanted.loss) wanted.loss[row] = best - constant;
    if (wanted.max_component) wanted.max_component[row] = largest - constant;
    if (!wanted.output && !wanted.log_likelihood) return;
    T sum = 0;
#pragma unroll 4
    for (int k = 0; k < components; ++k) {
        const T value = exponential(own[k] - largest);
        own[k] = value;
        sum += value;
    }
    if (wanted.log_likelihood) wanted.log_likelihood[row] = largest + logarithm(sum) - constant;
    if (!wanted.output) return;
    const T share = 1 / sum;
#pragma unroll 4
    for (int k = 0; k < components; ++k) own[k] *= share;
}

// Calls copy(inside, outside) for every element of `rows` rows, its place in shared memory and in a
// dense array: `threads` threads have consecutive elements, `thread` says which one this is. Where
// rows are dense in both, whole vectors go through copy_vector.
template <typename T, typename Copy, typename CopyVector>
__device__ __forceinline__ void for_each_score(int rows, int components, int pitch, int thread,
                                               int threads, Copy copy, CopyVector copy_vector)
{
    const int count = rows * components;
    if (pitch == components && count % Vector<T>::SIZE == 0) {
        for (int i = thread; i < count / Vector<T>::SIZE; i += threads) copy_vector(i);
        return;
    }
    for (int i = thread; i < count; i += threads) {
        const int row = i / components;
        copy(row * pitch + i - row * components, i);
    }
}

// Writes the posteriors of rows that lie side by side, the first of which is `output`.
template <typename T>
__device__ __forceinline__ void write_posteriors(const T* held, T* output, int rows, int components,
                                                 int pitch, int thread, int threads)
{
    for_each_score<T>(
        rows, components, pitch, thread, threads,
        [&](int inside, int outside) { output[outside] = held[inside]; },
        [&](int i) { ((Vector<T>*)output)[i] = ((const Vector<T>*)held)[i]; });
}
