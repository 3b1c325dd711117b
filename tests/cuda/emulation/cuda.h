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
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b)
{
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}
