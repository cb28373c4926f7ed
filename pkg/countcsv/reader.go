package countcsv

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
)

const (
	longestLine    = 4096
	longestService = 64
	// MostReports is the most reports that a row may hold.
	MostReports = 1_000_000_000
	// firstYear and lastYear bound the times: what lies outside is a slip of
	// whoever wrote the file.
	firstYear, lastYear = 2000, 2099
)

// Reader reads rows one by one. It keeps as much as there are series.
type Reader struct {
	in     *bufio.Reader
	line   int
	series map[string]*known // by "service,country" as written

	lastText []byte // the time of the row before, as written: it is mostly the same
	last     time.Time
}

type known struct {
	outage.Series
	last time.Time
}

// NewReader reads the header.
func NewReader(r io.Reader) (*Reader, error) {
	reader := &Reader{in: bufio.NewReaderSize(r, 1<<16), series: map[string]*known{}}
	line, err := reader.next()
	if errors.Is(err, io.EOF) {
		return nil, reader.wrong("the header %q, not the end of the file", Header)
	}
	if err != nil {
		return nil, err
	}
	line = bytes.TrimPrefix(line, []byte("\uFEFF"))
	if string(line) != Header {
		return nil, reader.wrong("the header %q, not %s", Header, quote(line))
	}
	return reader, nil
}

// Read returns the next row, and io.EOF after the last.
func (r *Reader) Read() (Row, error) {
	line, err := r.next()
	if err != nil {
		return Row{}, err
	}
	var fields [4][]byte
	if !split(line, &fields) {
		return Row{}, r.wrong("four fields, %s, not %s", Header, quote(line))
	}
	if err := r.readTime(fields[0]); err != nil {
		return Row{}, err
	}
	series, err := r.readSeries(fields[1], fields[2])
	if err != nil {
		return Row{}, err
	}
	if series.last.Equal(r.last) {
		return Row{}, r.wrong("one row for a series and time, and this is the second for %s", series.Series)
	}
	series.last = r.last
	reports, ok := readCount(fields[3])
	if !ok {
		return Row{}, r.wrong("reports as a whole number from 0 to %d, not %s", MostReports, quote(fields[3]))
	}
	return Row{Start: r.last, Series: series.Series, Reports: reports}, nil
}

// Line is the number of the line read last, from 1.
func (r *Reader) Line() int { return r.line }

// next returns the next line that is not empty, without its end.
func (r *Reader) next() ([]byte, error) {
	for {
		line, err := r.in.ReadSlice('\n')
		r.line++
		switch {
		case errors.Is(err, bufio.ErrBufferFull) || len(line) > longestLine:
			return nil, r.wrong("a line of at most %d bytes", longestLine)
		case errors.Is(err, io.EOF) && len(line) == 0:
			return nil, io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("read line %d: %w", r.line, err)
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) > 0 {
			return line, nil
		}
	}
}

// split cuts a line at its commas. A field may be quoted; as none may hold a
// comma or a quote, that is all there is to it.
func split(line []byte, fields *[4][]byte) bool {
	for i := range fields {
		end := bytes.IndexByte(line, ',')
		if last := i == len(fields)-1; last != (end < 0) {
			return false
		}
		field := line
		if end >= 0 {
			field, line = line[:end], line[end+1:]
		}
		if n := len(field); n >= 2 && field[0] == '"' && field[n-1] == '"' {
			field = field[1 : n-1]
		}
		fields[i] = field
	}
	return true
}

func (r *Reader) readTime(text []byte) error {
	if bytes.Equal(text, r.lastText) {
		return nil
	}
	t, err := time.Parse(time.RFC3339, string(text))
	if _, offset := t.Zone(); err != nil || offset != 0 {
		return r.wrong("a time like 2017-11-03T08:00:00Z, in UTC, not %s", quote(text))
	}
	if t.Year() < firstYear || t.Year() > lastYear {
		return r.wrong("a time in the years %d to %d, not %s", firstYear, lastYear, quote(text))
	}
	t = t.UTC().Truncate(time.Minute)
	if t.Before(r.last) {
		return r.wrong("rows in the order of time, and %s comes after %s", quote(text), r.last.Format(time.RFC3339))
	}
	r.last, r.lastText = t, append(r.lastText[:0], text...)
	return nil
}

func (r *Reader) readSeries(service, country []byte) (*known, error) {
	var buf [longestService + 3]byte
	if len(service) > longestService || !isSlug(service) {
		return nil, r.wrong("a service as a slug of at most %d letters a-z, digits, '-', '_' or '.', not %s", longestService, quote(service))
	}
	if len(country) != 2 {
		return nil, r.noCountry(country)
	}
	key := append(append(append(buf[:0], service...), ','), country...)
	s := r.series[string(key)]
	if s == nil {
		if !place.Valid(string(country)) {
			return nil, r.noCountry(country)
		}
		s = &known{Series: outage.Series{Service: string(service), Country: string(country)}}
		r.series[string(key)] = s
	}
	return s, nil
}

func (r *Reader) noCountry(text []byte) error {
	return r.wrong("a country as two capital letters that ISO 3166-1 assigns, or ZZ for unknown, not %s", quote(text))
}

func isSlug(b []byte) bool {
	if len(b) == 0 || !isAlnum(b[0]) || !isAlnum(b[len(b)-1]) {
		return false
	}
	for _, c := range b {
		if !isAlnum(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

func isAlnum(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

func readCount(b []byte) (int, bool) {
	if len(b) == 0 || len(b) > 10 {
		return 0, false
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, n <= MostReports
}

// wrong is the error of the current line.
func (r *Reader) wrong(expected string, args ...any) error {
	return fmt.Errorf("line %d: %w", r.line, invalid(expected, args...))
}

func invalid(expected string, args ...any) error {
	return fmt.Errorf("%w: expected %s", outage.ErrInvalid, fmt.Sprintf(expected, args...))
}

// quote shows the beginning of what was read.
func quote(b []byte) string {
	const most = 40
	if len(b) > most {
		return fmt.Sprintf("%q…", b[:most])
	}
	return fmt.Sprintf("%q", b)
}
