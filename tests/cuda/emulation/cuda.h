// As much of CUDA C++ as our kernels use, for g++. What is missing here is missing on purpose: a
// kernel that needs more must bring it, with a test in test_emulation.py.
#pragma once
#include <algorithm>
#include <cmath>

#include "threads.h"

#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(...)

using std::max;
using std::min;

static inline void __syncthreads() { emulation::wait(emulation::AT_BLOCK_BARRIER, 0); }
static inline void __syncwarp(unsigned mask = 0xffffffffu)
{
    emulation::wait(emulation::AT_WARP_BARRIER, mask);
}
template <typename T>
static inline T __shfl_xor_sync(unsigned mask, T value, int lanes)
{
    return emulation::exchange(mask, value, emulation::linear_index() % 32 ^ lanes);
}

template <typename T>
static inline T __ldg(const T* place)
{
    return *place;
}

#define __expf(x) std::exp(x)  // a function of this name is in the C library

static inline float __int_as_float(unsigned bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
static inline float __uint_as_float(unsigned bits) { return __int_as_float(bits); }
static inline unsigned __float_as_uint(float value)
{
    unsigned bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b)
{
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}

// A product on tensor cores, as tensor.cu describes it: of each operand 11 significant bits are seen.
static inline void multiply_add(float (&sum)[4], const float (&rows)[4], const float (&columns)[2])
{
    static float held[emulation::MAX_THREADS][6];
    const int own = emulation::linear_index(), lane = own % 32, g = lane / 4, t = lane % 4;
    auto seen = [](float x) { return __uint_as_float(__float_as_uint(x) & 0xffffe000u); };
    for (int i = 0; i < 4; ++i) held[own][i] = seen(rows[i]);
    for (int i = 0; i < 2; ++i) held[own][4 + i] = seen(columns[i]);
    __syncwarp();
    const float(*warp)[6] = held + own - lane;
    for (int i = 0; i < 4; ++i) {
        double total = sum[i];
        for (int k = 0; k < 8; ++k) {
            const float row = warp[g * 4 + k % 4][k / 4 * 2 + i / 2];
            total += (double)row * warp[(2 * t + i % 2) * 4 + k % 4][4 + k / 4];
        }
        sum[i] = (float)total;
    }
    __syncwarp();  // all is read, before the next product
}
