package countcsv

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/outcryhq/outcry/pkg/outage"
)

// Open opens a file of counts; one that ends in .gz or .zst is unpacked as it
// is read. "-" is stdin, which Close leaves open. A folder, and what cannot be
// unpacked, at once or later on, is an error that wraps outage.ErrInvalid; a
// disk that cannot be read is not.
func Open(path string, stdin io.Reader) (io.ReadCloser, error) {
	if path == "-" {
		if f, ok := stdin.(*os.File); ok {
			if err := refuseFolder(f); err != nil {
				return nil, err
			}
		}
		return io.NopCloser(stdin), nil
	}
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("open counts: %w", err)
	}
	if err := refuseFolder(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	switch {
	case strings.HasSuffix(path, ".gz"):
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open counts: %w", packing(path, err)), f.Close())
		}
		// What its Close could say, the last Read has said.
		return &unpacked{packed: z, path: path, close: f.Close}, nil
	case strings.HasSuffix(path, ".zst"):
		z, err := zstd.NewReader(f, zstd.WithDecoderMaxMemory(1<<30))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open counts: %w", packing(path, err)), f.Close())
		}
		return &unpacked{packed: z, path: path, close: func() error { z.Close(); return f.Close() }}, nil
	}
	return f, nil
}

func refuseFolder(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("open counts: %w", err)
	}
	if info.IsDir() {
		return fmt.Errorf("open counts: %w: %s is a folder", outage.ErrInvalid, f.Name())
	}
	return nil
}

// packing is the error of what is not packed as its name says, or not to the
// end. The file's own errors stay what they are.
func packing(path string, err error) error {
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return err
	}
	return fmt.Errorf("%w: %s cannot be unpacked: %w", outage.ErrInvalid, path, err)
}

type unpacked struct {
	packed io.Reader
	path   string
	close  func() error
}

// Read implements [io.Reader].
func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.packed.Read(p)
	if err == nil || errors.Is(err, io.EOF) {
		return n, err //nolint:wrapcheck // as io.Reader has it
	}
	return n, packing(u.path, err)
}

// Close implements [io.Closer].
func (u *unpacked) Close() error { return u.close() }
