package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/outcryhq/outcry/pkg/httpserver"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

const (
	// maxBody is the largest body that is read, in bytes. A report has a hundred.
	maxBody = httpserver.DefaultMaxBody
	// maxValue is the longest value of a field, in bytes.
	maxValue = 100
	// maxQuoted is how much of a wrong name is repeated in an answer, in bytes.
	maxQuoted = 40

	typeJSON = "application/json"
	typeForm = "application/x-www-form-urlencoded"
)

// ask is what somebody says.
type ask struct {
	service, problem, country string
	// kind is kindProblem, the default, or kindWorks.
	kind string
}

const (
	kindProblem = "problem"
	kindWorks   = "works"
)

// works says that somebody says that it works.
func (a *ask) works() bool { return a.kind == kindWorks }

const fieldsWanted = `want "service" and, if you like, "problem", "country" and "kind"`

// field returns where a field's value goes, nil for an unknown field.
func (a *ask) field(name string) *string {
	switch name {
	case "service":
		return &a.service
	case "problem":
		return &a.problem
	case "country":
		return &a.country
	case "kind":
		return &a.kind
	default:
		return nil
	}
}

// digest fingerprints what is asked for; it is never 0.
func (a *ask) digest() uint32 {
	h := fnv.New32a()
	for _, value := range []string{a.service, a.problem, a.country} {
		_, _ = io.WriteString(h, value) // never fails
		_, _ = h.Write([]byte{0})
	}
	if a.works() {
		_, _ = io.WriteString(h, a.kind)
	}
	return max(1, h.Sum32())
}

// mediaType returns the type of the body without its parameters.
func mediaType(r *http.Request) string {
	text := r.Header.Get("Content-Type")
	if text == typeJSON || text == typeForm {
		return text
	}
	parsed, _, err := mime.ParseMediaType(text)
	if err != nil {
		return ""
	}
	return parsed
}

func unsupported(want string) *problem.Problem {
	return problem.Status(http.StatusUnsupportedMediaType, "unsupported-media-type", "want a body of the type "+want)
}

// read fills the buffer with the body and returns what it has. A body that
// says that it is too large is not read at all; one that turns out to be is read no further.
func read(r *http.Request, buffer []byte) ([]byte, error) {
	if r.ContentLength > maxBody {
		return nil, problem.TooLarge(maxBody)
	}
	n, err := io.ReadFull(r.Body, buffer)
	switch {
	case n > maxBody:
		return nil, problem.TooLarge(maxBody)
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && int64(n) >= r.ContentLength:
		return buffer[:n], nil
	}
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, problem.TooLarge(large.Limit)
	}
	p := problem.New(outage.ErrInvalid, "the body broke off")
	p.Cause = fmt.Errorf("%w: read body: %w", outage.ErrInvalid, err)
	return nil, p
}

// decodeJSON reads an object of strings.
func decodeJSON(body []byte) (ask, error) {
	if a, plain := plainJSON(body); plain {
		return a, a.bounded()
	}
	return decodeAnyJSON(body)
}

// decodeAnyJSON is decodeJSON for all that is not plain. Unlike encoding/json on
// its own it takes field names as they are written, each once, and nothing after the object.
func decodeAnyJSON(body []byte) (ask, error) {
	var a ask
	given := make(map[string]struct{}, 3)
	decoder := json.NewDecoder(bytes.NewReader(body))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return a, malformed(decoder, err)
	}
	for decoder.More() {
		token, err := decoder.Token()
		name, _ := token.(string)
		if err != nil {
			return a, malformed(decoder, err)
		}
		value := a.field(name)
		if value == nil {
			return a, problem.Invalid(quote(name), "unknown field; "+fieldsWanted)
		}
		if _, twice := given[name]; twice {
			return a, problem.Invalid(name, "given twice; want it once")
		}
		given[name] = struct{}{}
		if token, err = decoder.Token(); err != nil {
			return a, malformed(decoder, err)
		}
		switch token := token.(type) {
		case string:
			*value = token
		case nil: // as if it had been left out
		default:
			return a, problem.Invalid(name, "want a string")
		}
	}
	if _, err := decoder.Token(); err != nil {
		return a, malformed(decoder, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return a, problem.New(outage.ErrInvalid, "malformed JSON: want nothing after the object")
	}
	return a, a.bounded()
}

func malformed(decoder *json.Decoder, err error) error {
	if err == nil {
		return problem.New(outage.ErrInvalid, `malformed JSON: want an object such as {"service":"whatsapp"}`)
	}
	return problem.New(outage.ErrInvalid, fmt.Sprintf(
		`malformed JSON at byte %d: want an object such as {"service":"whatsapp"}`, decoder.InputOffset()))
}

// decodeForm reads fields as a browser's form sends them. It returns the fields that are not
// part of what is said, for the page's own.
func decodeForm(body []byte) (a ask, others url.Values, err error) {
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return a, nil, problem.New(outage.ErrInvalid, "malformed form: want fields such as service=whatsapp")
	}
	for name, given := range values {
		value := a.field(name)
		if value == nil {
			continue
		}
		delete(values, name)
		if len(given) > 1 {
			return a, nil, problem.Invalid(name, "given twice; want it once")
		}
		*value = given[0]
	}
	return a, values, a.bounded()
}

// strictForm is decodeForm for programs, which have no other fields to send.
func strictForm(body []byte) (ask, error) {
	a, others, err := decodeForm(body)
	if err != nil {
		return a, err
	}
	for name := range others {
		return a, problem.Invalid(quote(name), "unknown field; "+fieldsWanted)
	}
	return a, nil
}

// bounded refuses values that are no names.
func (a *ask) bounded() error {
	for _, name := range [...]string{"service", "problem", "country", "kind"} {
		if value := a.field(name); len(*value) > maxValue {
			*value = quote(*value)
			return problem.Invalid(name, fmt.Sprintf("want at most %d bytes", maxValue))
		}
	}
	return nil
}
