// Im2Col and Col2Im on NVIDIA GPUs, compiled by NVRTC when first used. Untested: they compile, but no GPU was at hand.
//
// Pixels are [batch, channels, height, width], columns [channels * kernel * kernel, batch * out_height * out_width], both
// of fewer than 2^31 elements. There is one thread for each element that is written, so that sums have a fixed order.

extern "C" __global__ void im2col(const float *pixels, float *columns, unsigned batch, unsigned channels, unsigned height,
                                  unsigned width, unsigned kernel, unsigned stride, unsigned out_height,
                                  unsigned out_width) {
    const unsigned at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= channels * kernel * kernel * batch * out_height * out_width) return;
    unsigned rest = at;
    const unsigned out_x = rest % out_width;
    rest /= out_width;
    const unsigned out_y = rest % out_height;
    rest /= out_height;
    const unsigned image = rest % batch;
    rest /= batch;
    const unsigned kernel_x = rest % kernel;
    rest /= kernel;
    const unsigned kernel_y = rest % kernel;
    const unsigned channel = rest / kernel;
    const unsigned y = out_y * stride + kernel_y, x = out_x * stride + kernel_x;
    columns[at] = pixels[((image * channels + channel) * height + y) * width + x];
}

extern "C" __global__ void col2im(const float *columns, float *pixels, unsigned batch, unsigned channels, unsigned height,
                                  unsigned width, unsigned kernel, unsigned stride, unsigned out_height,
                                  unsigned out_width) {
    const unsigned at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= batch * channels * height * width) return;
    unsigned rest = at;
    const unsigned x = rest % width;
    rest /= width;
    const unsigned y = rest % height;
    rest /= height;
    const unsigned channel = rest % channels;
    const unsigned image = rest / channels;
    // The output positions whose kernel covers this pixel: none for rows and columns that no kernel reaches.
    const unsigned first_y = y < kernel ? 0 : (y - kernel) / stride + 1;
    const unsigned first_x = x < kernel ? 0 : (x - kernel) / stride + 1;
    float sum = 0.0f;
    for (unsigned out_y = first_y; out_y <= y / stride && out_y < out_height; ++out_y) {
        for (unsigned out_x = first_x; out_x <= x / stride && out_x < out_width; ++out_x) {
            const unsigned row = (channel * kernel + y - out_y * stride) * kernel + x - out_x * stride;
            sum += columns[((row * batch + image) * out_height + out_y) * out_width + out_x];
        }
    }
    pixels[at] = sum;
}
