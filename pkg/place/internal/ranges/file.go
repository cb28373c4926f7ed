package ranges

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/klauspost/compress/zstd"
)

const (
	// magic begins every file, before compression.
	magic = "outcry ranges 1\n"
	// maxDecoded bounds the size of a file once decompressed.
	maxDecoded = 64 << 20
)

var (
	errFormat    = errors.New("not a table of ranges")
	errTruncated = errors.New("the table of ranges ends early")
)

// Encode returns the table as a file: zstd over the magic and, for IPv4 and
// then IPv6, the number of changes followed by, for each, its distance from
// the one before and its value, all as unsigned varints.
func (t *Table) Encode() ([]byte, error) {
	raw := appendIndex([]byte(magic), &t.v4)
	raw = appendIndex(raw, &t.v6)
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("encode ranges: %w", err)
	}
	packed := enc.EncodeAll(raw, nil)
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("encode ranges: %w", err)
	}
	return packed, nil
}

// Decode reads what Encode wrote. Anything else is an error, never a panic.
func Decode(packed []byte) (*Table, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxDecoded))
	if err != nil {
		return nil, fmt.Errorf("decode ranges: %w", err)
	}
	defer dec.Close()
	raw, err := dec.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("decode ranges: %w", err)
	}
	raw, ok := bytes.CutPrefix(raw, []byte(magic))
	if !ok {
		return nil, fmt.Errorf("decode ranges: %w", errFormat)
	}
	var t Table
	if raw, err = readIndex(raw, &t.v4, math.MaxUint32); err != nil {
		return nil, fmt.Errorf("decode IPv4 ranges: %w", err)
	}
	if raw, err = readIndex(raw, &t.v6, math.MaxUint64); err != nil {
		return nil, fmt.Errorf("decode IPv6 ranges: %w", err)
	}
	if len(raw) != 0 {
		return nil, fmt.Errorf("decode ranges: %w: %d bytes too many", errFormat, len(raw))
	}
	return &t, nil
}

func appendIndex[K uint32 | uint64](raw []byte, x *index[K]) []byte {
	raw = binary.AppendUvarint(raw, uint64(len(x.starts)))
	var before K
	for i, start := range x.starts {
		raw = binary.AppendUvarint(raw, uint64(start-before))
		raw = binary.AppendUvarint(raw, uint64(x.values[i]))
		before = start
	}
	return raw
}

func readIndex[K uint32 | uint64](raw []byte, x *index[K], most uint64) ([]byte, error) {
	count, raw, err := uvarint(raw)
	if err != nil {
		return nil, err
	}
	if count > uint64(len(raw))/2 { // each change takes two bytes at least
		return nil, errTruncated
	}
	x.starts, x.values = make([]K, count), make([]uint32, count)
	var start uint64
	for i := range x.starts {
		var distance, value uint64
		if distance, raw, err = uvarint(raw); err != nil {
			return nil, err
		}
		if value, raw, err = uvarint(raw); err != nil {
			return nil, err
		}
		if i > 0 && distance == 0 || distance > most-start || value > math.MaxUint32 {
			return nil, errFormat
		}
		start += distance
		x.starts[i], x.values[i] = K(start), uint32(value)
	}
	return raw, nil
}

func uvarint(raw []byte) (uint64, []byte, error) {
	value, n := binary.Uvarint(raw)
	if n <= 0 {
		return 0, nil, errTruncated
	}
	return value, raw[n:], nil
}
