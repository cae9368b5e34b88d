//! The maximum of squares of an image `[height, width, channels]`. Plain code: it costs little beside convolutions.

/// An image's sizes and the squares' side. Rows and columns beyond the last whole square are dropped.
#[derive(Clone, Copy, Debug)]
pub struct MaxPool {
    /// The image's channels.
    pub channels: usize,
    /// The image's rows.
    pub height: usize,
    /// The image's columns.
    pub width: usize,
    /// Side of the squares.
    pub side: usize,
}

impl MaxPool {
    /// Elements of an output image.
    pub fn output_len(&self) -> usize {
        (self.height / self.side) * (self.width / self.side) * self.channels
    }

    fn input_len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Of output pixel `i` the places of its square in the input image, row by row.
    fn places(self, i: usize) -> impl Iterator<Item = usize> {
        let columns = self.width / self.side;
        let (row, column) = (i / columns * self.side, i % columns * self.side);
        (0..self.side * self.side)
            .map(move |place| ((row + place / self.side) * self.width + column + place % self.side) * self.channels)
    }

    /// output = the maximum of each square, channel by channel; both are images `[height, width, channels]`.
    ///
    /// # Panics
    ///
    /// If a slice has not its image's size, or the side is 0.
    pub fn forward(self, input: &[f32], output: &mut [f32]) {
        assert!(
            input.len() == self.input_len() && output.len() == self.output_len(),
            "the slices have the images' sizes"
        );
        for (i, output) in output.chunks_exact_mut(self.channels).enumerate() {
            output.fill(f32::NEG_INFINITY);
            for at in self.places(i) {
                for (output, input) in output.iter_mut().zip(&input[at..][..self.channels]) {
                    // What is not a number stays, as in PyTorch.
                    *output = if *input > *output || input.is_nan() { *input } else { *output };
                }
            }
        }
    }

    /// gradient = by the input, from `upstream` by the output. Of equal elements the first, row by row, has it; what is not a
    /// number counts as equal.
    ///
    /// # Panics
    ///
    /// If a slice has not its image's size.
    pub fn backward(self, input: &[f32], output: &[f32], upstream: &[f32], gradient: &mut [f32]) {
        assert!(
            input.len() == self.input_len()
                && gradient.len() == input.len()
                && output.len() == self.output_len()
                && upstream.len() == output.len(),
            "the slices have the images' sizes"
        );
        gradient.fill(0.0);
        for (i, output) in output.chunks_exact(self.channels).enumerate() {
            let upstream = &upstream[i * self.channels..][..self.channels];
            for (channel, (output, upstream)) in output.iter().zip(upstream).enumerate() {
                let is_output = |x: f32| x == *output || (x.is_nan() && output.is_nan());
                if let Some(at) = self.places(i).find(|at| is_output(input[at + channel])) {
                    gradient[at + channel] = *upstream;
                }
            }
        }
    }
}
