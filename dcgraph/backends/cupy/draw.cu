// Random numbers and categorical draws.
//
// Philox 4x64 with 10 rounds (Salmon et al., 2011), the generator of NumPy's `Philox`: a bijection of
// a counter under a key. A number is a function of (key, sample, call, its index) and of nothing
// else: not of the launch, the batch or the device.

struct Block {
    unsigned long long word[4];
};

__device__ __forceinline__ Block philox(Block counter, unsigned long long key0,
                                        unsigned long long key1)
{
    for (int round = 0; round < 10; ++round) {
        const unsigned long long a = 0xD2E7470EE14C6C93ull, b = 0xCA5A826395121157ull;
        const unsigned long long low0 = a * counter.word[0], high0 = __umul64hi(a, counter.word[0]);
        const unsigned long long low1 = b * counter.word[2], high1 = __umul64hi(b, counter.word[2]);
        counter = {{high1 ^ counter.word[1] ^ key0, low1, high0 ^ counter.word[3] ^ key1, low0}};
        key0 += 0x9E3779B97F4A7C15ull;
        key1 += 0xBB67AE8584CAA73Bull;
    }
    return counter;
}

// NumPy counts before it draws: the first block of a stream has counter 1.
__device__ __forceinline__ Block random_block(int block, int call, long long sample,
                                              unsigned long long key0, unsigned long long key1)
{
    const Block counter = {{(unsigned long long)block + 1, (unsigned long long)call,
                            (unsigned long long)sample, 0}};
    return philox(counter, key0, key1);
}

// A block of 4 words holds 8 numbers of single, 4 of double precision, as NumPy takes them.
__device__ __forceinline__ void to_uniforms(const Block& block, float* out)
{
    for (int i = 0; i < 4; ++i) {
        out[2 * i] = (float)((unsigned int)block.word[i] >> 8) * (1.0f / 16777216.0f);
        out[2 * i + 1] = (float)((unsigned int)(block.word[i] >> 32) >> 8) * (1.0f / 16777216.0f);
    }
}
__device__ __forceinline__ void to_uniforms(const Block& block, double* out)
{
    for (int i = 0; i < 4; ++i) {
        out[i] = (double)(block.word[i] >> 11) * (1.0 / 9007199254740992.0);
    }
}

// out (n, size) = numbers in [0, 1), a stream for each sample
template <typename T>
__global__ void uniform(T* out, int n, int size, long long start, int call,
                        unsigned long long key0, unsigned long long key1)
{
    const int each = 32 / sizeof(T);
    FOR_EACH_ELEMENT(block, (size + each - 1) / each)
    {
        FOR_EACH_SAMPLE(sample, n)
        {
            T numbers[each];
            to_uniforms(random_block(block, call, start + sample, key0, key1), numbers);
            T* own = out + (long long)sample * size;
            for (int i = 0; i < each && block * each + i < size; ++i) {
                own[block * each + i] = numbers[i];
            }
        }
    }
}

// Two standard normal numbers from two words (Box and Muller); the first is never taken as 0.
__device__ __forceinline__ void to_normals(unsigned long long a, unsigned long long b, float* out)
{
    const float radius = sqrtf(-2.0f * logf(((float)(a >> 32) + 0.5f) * (1.0f / 4294967296.0f)));
    float sine, cosine;
    sincosf(6.283185307179586f * (float)(b >> 40) * (1.0f / 16777216.0f), &sine, &cosine);
    out[0] = radius * cosine;
    out[1] = radius * sine;
}
__device__ __forceinline__ void to_normals(unsigned long long a, unsigned long long b, double* out)
{
    const double radius =
        sqrt(-2.0 * log(((double)(a >> 12) + 0.5) * (1.0 / 4503599627370496.0)));
    double sine, cosine;
    sincos(6.283185307179586 * (double)(b >> 11) * (1.0 / 9007199254740992.0), &sine, &cosine);
    out[0] = radius * cosine;
    out[1] = radius * sine;
}

// out (n, size) = standard normal numbers, a stream for each sample
template <typename T>
__global__ void normal(T* out, int n, int size, long long start, int call, unsigned long long key0,
                       unsigned long long key1)
{
    FOR_EACH_ELEMENT(block, (size + 3) / 4)
    {
        FOR_EACH_SAMPLE(sample, n)
        {
            const Block words = random_block(block, call, start + sample, key0, key1);
            T numbers[4];
            to_normals(words.word[0], words.word[1], numbers);
            to_normals(words.word[2], words.word[3], numbers + 2);
            T* own = out + (long long)sample * size;
            for (int i = 0; i < 4 && block * 4 + i < size; ++i) own[block * 4 + i] = numbers[i];
        }
    }
}

// index (rows) = drawn in proportion to weights (rows, components), by uniform numbers (rows).
// An index of weight 0 is never drawn: its cumulative weight equals its predecessor's.
template <typename T>
__global__ void categorical(const T* weights, const double* uniforms, long long* index, int rows,
                            int components)
{
    FOR_EACH_ELEMENT(row, rows)
    {
        const T* own = weights + (long long)row * components;
        double total = 0;
        for (int k = 0; k < components; ++k) total += (double)own[k];
        const double threshold = uniforms[row] * total;
        double cumulative = 0;
        int drawn = 0;
        for (int k = 0; k < components; ++k) {
            cumulative += (double)own[k];
            drawn += cumulative <= threshold;
        }
        index[row] = drawn;
    }
}
