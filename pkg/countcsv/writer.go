package countcsv

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"time"
)

// Writer writes rows as they come: in the order of time, please.
type Writer struct {
	out *bufio.Writer
	buf []byte
}

// NewWriter writes the header. An error of the output shows at Flush at the latest.
func NewWriter(w io.Writer) *Writer {
	out := bufio.NewWriterSize(w, 1<<16)
	_, _ = out.WriteString(Header + "\n") // bufio keeps the error
	return &Writer{out: out}
}

// Write writes one row.
func (w *Writer) Write(row Row) error {
	w.buf = row.Start.UTC().AppendFormat(w.buf[:0], time.RFC3339)
	w.buf = append(w.buf, ',')
	w.buf = append(w.buf, row.Series.Service...)
	w.buf = append(w.buf, ',')
	w.buf = append(w.buf, row.Series.Country...)
	w.buf = append(w.buf, ',')
	w.buf = strconv.AppendInt(w.buf, int64(row.Reports), 10)
	w.buf = append(w.buf, '\n')
	if _, err := w.out.Write(w.buf); err != nil {
		return fmt.Errorf("write counts: %w", err)
	}
	return nil
}

// Flush hands everything to the output.
func (w *Writer) Flush() error {
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("write counts: %w", err)
	}
	return nil
}
