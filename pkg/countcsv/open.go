package countcsv

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Open opens a file of counts; one that ends in .gz or .zst is unpacked as it
// is read. "-" is stdin, which Close leaves open.
func Open(path string, stdin io.Reader) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(stdin), nil
	}
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("open counts: %w", err)
	}
	switch {
	case strings.HasSuffix(path, ".gz"):
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open counts: %s: %w", path, err), f.Close())
		}
		return &unpacked{Reader: z, close: func() error { return errors.Join(z.Close(), f.Close()) }}, nil
	case strings.HasSuffix(path, ".zst"):
		z, err := zstd.NewReader(f, zstd.WithDecoderMaxMemory(1<<30))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open counts: %s: %w", path, err), f.Close())
		}
		return &unpacked{Reader: z, close: func() error { z.Close(); return f.Close() }}, nil
	}
	return f, nil
}

type unpacked struct {
	io.Reader
	close func() error
}

// Close implements [io.Closer].
func (u *unpacked) Close() error { return u.close() }
