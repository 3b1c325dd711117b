// Where the rows of a mixture lie; see `rows.Rows` in Python. What reads rows has this before it.
//
// Row m of parameter set p is position p of sample m where every position has its own set, and
// position m of the whole batch where all share one: row m * sets + p of the batch either way.
// Rows are read where they lie: as a signal's own channels, or as patches of an image that are never
// written; `Rows` says how far apart they are.

struct Rows {
    int height, width;           // positions of one sample
    long long along_n;           // elements from one sample to the next,
    int along_y, along_x;        // from one position to the next, down and across,
    int run, pitch;              // a row is runs of `run` elements, `pitch` apart

    __device__ __forceinline__ long long start(int row) const
    {
        const int sample = row / (height * width), position = row - sample * (height * width);
        const int y = position / width, x = position - y * width;
        return sample * along_n + (long long)y * along_y + x * along_x;
    }
    __device__ __forceinline__ int offset(int dimension) const
    {
        return dimension / run * pitch + dimension % run;
    }
};

#define ROWS_PARAMETERS \
    int height, int width, long long along_n, int along_y, int along_x, int run, int pitch
#define ROWS_ARGUMENTS {height, width, along_n, along_y, along_x, run, pitch}
