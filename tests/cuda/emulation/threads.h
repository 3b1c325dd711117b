// The threads of a CUDA block on one processor: a fiber for each, run in turn until it waits.
//
// Blocks run one after another. A block whose threads never wait runs as a plain loop. Shared memory
// is filled with NaN before each block. What cannot happen here: two threads at the same instant,
// and memory seen late; so missing fences go unnoticed, and atomics are not tested.
#pragma once
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <numeric>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <ucontext.h>

struct uint3 {
    unsigned x, y, z;
};
struct dim3 {
    unsigned x, y, z;
};
static uint3 threadIdx, blockIdx;
static dim3 blockDim, gridDim;

namespace emulation {

enum Order { FORWARD, REVERSE, SHUFFLED };
enum Outcome { DONE = 0, NEEDS_FIBERS, DEADLOCK, EXITED_LANE, BAD_LAUNCH, SHARED_OVERRUN };
enum State { READY, AT_BLOCK_BARRIER, AT_WARP_BARRIER, FINISHED };

constexpr int WARP_SIZE = 32, MAX_THREADS = 1024;
constexpr size_t STACK = 128 * 1024, MAX_SHARED = 48 * 1024, GUARD = 4096;

struct Fiber {
    ucontext_t context;
    jmp_buf where;
    uint3 index;
    bool started;
    State state;
    unsigned mask;
};

static std::vector<Fiber> fibers(MAX_THREADS);
static char* stacks = nullptr;
static jmp_buf scheduler, escape;
static int current, threads;
static bool with_fibers;
static unsigned long long exchanged[MAX_THREADS];
static unsigned random_state;

// shared memory

static std::map<void*, long> poisoned;  // when (block number) an array was last filled
static long block_number;
alignas(256) static char guarded[GUARD + MAX_SHARED + GUARD];  // GUARD bytes on either side
static char* const dynamic = guarded + GUARD;

// Called by every thread where it declares a shared array; the first of a block fills it.
static void poison(void* array, size_t size)
{
    long& last = poisoned[array];
    if (last == block_number) return;
    last = block_number;
    memset(array, 0xFF, size);
}

// waiting

static int linear_index()
{
    return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
}

static void wait(State state, unsigned mask)
{
    if (!with_fibers) longjmp(escape, NEEDS_FIBERS);
    Fiber& self = fibers[current];
    self.state = state;
    self.mask = mask;
    if (!_setjmp(self.where)) _longjmp(scheduler, 1);
    threadIdx = self.index;
}

template <typename T>
static T exchange(unsigned mask, T value, int source_lane)
{
    const int own = linear_index(), first = own - own % WARP_SIZE;
    memcpy(&exchanged[own], &value, sizeof value);
    wait(AT_WARP_BARRIER, mask);
    T result;
    memcpy(&result, &exchanged[first + source_lane], sizeof result);
    wait(AT_WARP_BARRIER, mask);
    return result;
}

// running a block

struct Body {
    virtual void operator()() = 0;
    virtual ~Body() {}
};
static Body* body;

static void enter()
{
    (*body)();
    fibers[current].state = FINISHED;
    _longjmp(scheduler, 1);
}

static void resume(int thread)
{
    Fiber& fiber = fibers[thread];
    current = thread;
    threadIdx = fiber.index;
    if (_setjmp(scheduler)) return;
    if (fiber.started) _longjmp(fiber.where, 1);
    fiber.started = true;
    setcontext(&fiber.context);
}

static std::vector<int> turns(int count, int order)
{
    std::vector<int> turn(count);
    std::iota(turn.begin(), turn.end(), 0);
    if (order == REVERSE) return {turn.rbegin(), turn.rend()};
    for (int i = count - 1; order == SHUFFLED && i > 0; --i) {
        random_state = random_state * 1664525u + 1013904223u;
        std::swap(turn[i], turn[(random_state >> 8) % (i + 1)]);
    }
    return turn;
}

static uint3 index_of(int thread)
{
    const unsigned x = thread % blockDim.x, y = thread / blockDim.x % blockDim.y;
    return {x, y, thread / (blockDim.x * blockDim.y)};
}

// Lets go on whoever waits for threads that all wait, too. Returns whether anyone does. All warps keep
// step, or, shuffled, one gets as far ahead of the others as it can.
static bool release(Outcome& outcome, int order)
{
    bool any = false, all = true, released = false;
    int ahead = -1;
    for (int i = 0; i < threads; ++i) {
        if (fibers[i].state == FINISHED) continue;
        any = true;
        all = all && fibers[i].state == AT_BLOCK_BARRIER;
    }
    std::vector<int> going;
    for (int i = 0; i < threads; ++i) {
        if (any && all && fibers[i].state == AT_BLOCK_BARRIER) going.push_back(i);
        if (fibers[i].state != AT_WARP_BARRIER) continue;
        const int first = i - i % WARP_SIZE;
        bool complete = true;
        for (int lane = 0; lane < WARP_SIZE && first + lane < threads; ++lane) {
            if (!(fibers[i].mask >> lane & 1)) continue;
            if (fibers[first + lane].state == FINISHED) outcome = EXITED_LANE;
            complete = complete && fibers[first + lane].state == AT_WARP_BARRIER;
        }
        if (!complete || (ahead >= 0 && ahead != first)) continue;
        if (order == SHUFFLED) ahead = first;
        going.push_back(i);
    }
    for (int i : going) {
        fibers[i].state = READY;
        released = true;
    }
    return released;
}

static Outcome run_fibers(int order)
{
    for (int i = 0; i < threads; ++i) {
        Fiber& fiber = fibers[i];
        fiber.index = index_of(i);
        fiber.started = false;
        fiber.state = READY;
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = stacks + STACK * i;
        fiber.context.uc_stack.ss_size = STACK;
        fiber.context.uc_link = nullptr;
        makecontext(&fiber.context, enter, 0);
    }
    Outcome outcome = DONE;
    for (;;) {
        for (int i : turns(threads, order)) {
            if (fibers[i].state == READY) resume(i);
        }
        bool left = false;
        for (int i = 0; i < threads; ++i) left = left || fibers[i].state != FINISHED;
        if (!left) return DONE;
        if (!release(outcome, order)) return outcome == DONE ? DEADLOCK : outcome;
        if (outcome != DONE) return outcome;
    }
}

static Outcome run_plain(int order)
{
    const int escaped = setjmp(escape);
    if (escaped) return (Outcome)escaped;
    for (int i : turns(threads, order)) {
        threadIdx = index_of(i);
        (*body)();
    }
    return DONE;
}

// launching

template <typename... A, size_t... I>
static void call(void (*kernel)(A...), void** arguments, std::index_sequence<I...>)
{
    kernel(*(std::remove_cv_t<A>*)arguments[I]...);
}

template <typename... A>
struct Launch : Body {
    void (*kernel)(A...);
    void** arguments;
    void operator()() override { call(kernel, arguments, std::index_sequence_for<A...>{}); }
};

template <typename... A>
static int launch(void (*kernel)(A...), const unsigned* grid, const unsigned* block,
                  void** arguments, size_t shared, int order, int fibered)
{
    gridDim = {grid[0], grid[1], grid[2]};
    blockDim = {block[0], block[1], block[2]};
    threads = block[0] * block[1] * block[2];
    if (threads < 1 || threads > MAX_THREADS || block[2] > 64 || shared > MAX_SHARED) {
        return BAD_LAUNCH;
    }
    if (!grid[0] || !grid[1] || !grid[2] || grid[1] > 65535 || grid[2] > 65535) return BAD_LAUNCH;
    if (!stacks) {
        stacks = (char*)mmap(nullptr, STACK * MAX_THREADS, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }
    Launch<A...> work;
    work.kernel = kernel;
    work.arguments = arguments;
    body = &work;
    with_fibers = fibered;
    random_state = 1;
    const long blocks = (long)grid[0] * grid[1] * grid[2];
    for (long i = 0; i < blocks; ++i) {
        const long number = order == REVERSE ? blocks - 1 - i : i;
        blockIdx = {unsigned(number % grid[0]), unsigned(number / grid[0] % grid[1]),
                    unsigned(number / grid[0] / grid[1])};
        ++block_number;
        memset(guarded, 0xFF, GUARD + shared + GUARD);
        const Outcome outcome = fibered ? run_fibers(order) : run_plain(order);
        if (outcome != DONE) return outcome;
        for (size_t j = 0; j < GUARD; ++j) {
            if (guarded[j] != '\xFF' || dynamic[shared + j] != '\xFF') return SHARED_OVERRUN;
        }
    }
    return DONE;
}

// signatures: "const float*", "int", ... one for each parameter

template <typename T>
static std::string type_name()
{
    if constexpr (std::is_pointer_v<T>) {
        using Target = std::remove_pointer_t<T>;
        const std::string start = std::is_const_v<Target> ? "const " : "";
        return start + type_name<std::remove_cv_t<Target>>() + "*";
    }
    using U = std::remove_cv_t<T>;
    return std::is_same<U, float>::value                ? "float"
           : std::is_same<U, double>::value             ? "double"
           : std::is_same<U, bool>::value               ? "bool"
           : std::is_same<U, int>::value                ? "int"
           : std::is_same<U, unsigned>::value           ? "unsigned"
           : std::is_same<U, long long>::value          ? "long long"
           : std::is_same<U, unsigned long long>::value ? "unsigned long long"
                                                        : "?";
}

template <typename... A>
static const char* signature(void (*)(A...))
{
    static std::string text;
    text.clear();
    const std::vector<std::string> names = {type_name<A>()...};
    for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
    return text.c_str();
}

}  // namespace emulation
