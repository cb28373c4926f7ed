package twitter

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/outcryhq/outcry/pkg/outage"
)

// Archive reads a dump of a v1.1 stream: a message a line, plain or packed by
// gzip, bzip2 or zstd, whatever its name.
type Archive struct {
	name  string
	in    *bufio.Reader
	close func()
	file  io.Closer // nil: standard input
	buf   []byte
	begin []byte
}

// OpenArchive opens a dump; "-" is stdin, which Close leaves open. A folder, and
// what cannot be unpacked, at once or later on, is outage.ErrInvalid.
func OpenArchive(path string, stdin io.Reader) (*Archive, error) {
	a := &Archive{name: path, close: func() {}}
	source := stdin
	if path != "-" {
		file, err := os.Open(path) //nolint:gosec // the operator names the file
		if err != nil {
			return nil, fmt.Errorf("open a dump: %w", err)
		}
		source, a.file = file, file
	}
	if err := a.unpack(source); err != nil {
		return nil, errors.Join(fmt.Errorf("open a dump: %w", err), a.Close())
	}
	return a, nil
}

// unpack looks at the first bytes to find how the file is packed.
func (a *Archive) unpack(source io.Reader) error {
	if file, ok := source.(*os.File); ok {
		if info, err := file.Stat(); err == nil && info.IsDir() {
			return fmt.Errorf("%w: %s is a folder", outage.ErrInvalid, a.name)
		}
	}
	packed := bufio.NewReaderSize(source, 256<<10)
	magic, err := packed.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return a.wrong(err)
	}
	var plain io.Reader = packed
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		plain, err = gzip.NewReader(packed)
	case bytes.HasPrefix(magic, []byte("BZh")):
		plain, err = bzip2.NewReader(packed), nil
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}),
		len(magic) == 4 && magic[0]&0xf0 == 0x50 && bytes.Equal(magic[1:], []byte{0x2a, 0x4d, 0x18}): // a frame to be skipped
		var z *zstd.Decoder
		if z, err = zstd.NewReader(packed, zstd.WithDecoderMaxMemory(1<<30), zstd.WithDecoderConcurrency(2)); err == nil {
			plain, a.close = z, z.Close
		}
	default:
		err = nil
	}
	if err != nil {
		return a.wrong(err)
	}
	a.in = bufio.NewReaderSize(plain, 256<<10)
	a.begin, _ = a.in.Peek(64) // what is wrong, Next says
	a.begin = bytes.Clone(a.begin)
	return nil
}

// Begin is how the text begins, for telling what a file is that is no dump.
func (a *Archive) Begin() []byte { return a.begin }

// errTooLarge says that a line was too long, and has been passed over.
var errTooLarge = fmt.Errorf("%w: too long a line", ErrMalformed)

// Next returns the next line that is not empty, valid until the next call, and
// io.EOF after the last. A line that is longer than any message is passed over:
// ErrMalformed.
func (a *Archive) Next() ([]byte, error) {
	for {
		line, err := a.in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			line, err = a.long(line)
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
			return nil, a.wrong(err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, nil
		}
	}
}

// long reads the rest of a line that is longer than the buffer.
func (a *Archive) long(begin []byte) ([]byte, error) {
	a.buf = append(a.buf[:0], begin...)
	for {
		part, err := a.in.ReadSlice('\n')
		if len(a.buf) <= longestV1 {
			a.buf = append(a.buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err //nolint:wrapcheck // Next does
		case len(a.buf) > longestV1:
			return nil, errTooLarge
		}
		return a.buf, err //nolint:wrapcheck // Next does
	}
}

// wrong is an error of reading. What cannot be unpacked is bad input; a disk
// that cannot be read is not.
func (a *Archive) wrong(err error) error {
	if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, ErrMalformed) {
		return err
	}
	if disk, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("read a dump: %w", disk)
	}
	return fmt.Errorf("%w: %s cannot be unpacked: %w", outage.ErrInvalid, a.name, err)
}

// Close implements [io.Closer].
func (a *Archive) Close() error {
	a.close()
	a.close = func() {}
	if a.file == nil {
		return nil
	}
	file := a.file
	a.file = nil
	return file.Close() //nolint:wrapcheck // its path says it all
}
