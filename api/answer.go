package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzip"
)

// worthPacking is the least number of bytes that are compressed: what is shorter
// fits into one packet anyway.
const worthPacking = 1 << 10

// answer is a body that is ready to be sent to everybody who asks the same.
// Nothing of it is changed any more: header values are shared by all requests.
type answer struct {
	tag, keep, mediaType, length []string
	body                         []byte
	packed                       func() encoded // nil if it does not pay
	extra                        []string       // further headers: names and values in turn
}

// encoded is the body of an answer in gzip.
type encoded struct {
	body   []byte
	length []string
}

// Values of headers that many answers share.
//
//nolint:gochecknoglobals // constants; their capacity is their length, so that whoever adds to one makes a copy
var (
	packedAs = []string{"gzip"}
	varies   = []string{"Accept-Encoding"}
	anybody  = []string{"*"}
	exposed  = []string{"ETag, Link, RateLimit, RateLimit-Policy, Retry-After"}
)

// newAnswer makes an answer. Its tag is weak, since the same one stands for the
// body in every encoding. When it was true is no part of the tag: an answer in
// which nothing else has changed is the same answer.
func newAnswer(keep time.Duration, mediaType string, body []byte) *answer {
	sum := sha256.Sum256(withoutTime(body))
	a := &answer{
		tag:       []string{`W/"` + hex.EncodeToString(sum[:8]) + `"`},
		keep:      []string{"public, max-age=" + strconv.Itoa(int(keep.Seconds()))},
		mediaType: []string{mediaType}, body: body, length: []string{strconv.Itoa(len(body))},
	}
	if len(body) >= worthPacking && packable(mediaType) {
		a.packed = sync.OnceValue(func() encoded {
			packed := pack(body)
			return encoded{packed, []string{strconv.Itoa(len(packed))}}
		})
	}
	return a
}

// withoutTime leaves out the member "as_of", which comes first where there is one.
func withoutTime(body []byte) []byte {
	if rest, ok := bytes.CutPrefix(body, []byte(`{"as_of":`)); ok {
		if _, rest, ok = bytes.Cut(rest, []byte(",")); ok {
			return rest
		}
	}
	return body
}

func packable(mediaType string) bool {
	kind, _, _ := strings.Cut(mediaType, ";")
	return strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "json") ||
		strings.HasSuffix(kind, "xml") || strings.HasSuffix(kind, "yaml")
}

func pack(body []byte) []byte {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return packed.Bytes()
}

const (
	// keepAnswer is for how long an answer serves those who ask the same.
	keepAnswer = time.Second
	// keepStale is for how much longer while somebody is making it anew.
	keepStale = 2 * time.Second
	// maxAnswers and maxAnswered bound what is kept, the latter in bytes before
	// compression. What does not fit is made for each request.
	maxAnswers, maxAnswered = 512, 32 << 20
	maxKeptAnswer           = maxAnswered / 32
	// maxKeptURL bounds the address, in bytes, of an answer that is kept.
	maxKeptURL = 512
)

// leaveAnswer is where a handler's context has the function that takes its answer.
const leaveAnswer = "outcry.answer"

// question is all that the answer of a described call depends on: links in it
// may begin with the host.
type question struct{ host, uri string }

// answers keeps what was answered lately, so that asking often costs little: a
// body is read, encoded and compressed once a second, however many ask. While it
// is made anew, all but the first who ask get the one before.
type answers struct {
	now func() time.Time

	mu    sync.RWMutex
	known map[question]*knownAnswer
	bytes int
}

type knownAnswer struct {
	*answer
	from    time.Time
	claimed atomic.Bool // somebody is making it anew
}

func newAnswers(now func() time.Time) *answers {
	return &answers{now: now, known: map[question]*knownAnswer{}}
}

// serve is a handler that answers what is known, and takes what the next one
// answers. Problems are not kept.
func (k *answers) serve(c *gin.Context) {
	asked := question{c.Request.Host, c.Request.RequestURI}
	if len(asked.uri) > maxKeptURL || asked.uri == "" {
		return
	}
	began := k.now()
	if known := k.get(asked, began); known != nil {
		known.write(c.Writer, c.Request)
		c.Writer.WriteHeaderNow()
		c.Abort()
		return
	}
	left := false
	c.Set(leaveAnswer, func(made *answer) {
		left = true
		k.put(asked, &knownAnswer{answer: made, from: began})
	})
	defer func() { // a panic too
		if !left {
			k.forget(asked)
		}
	}()
	c.Next()
}

// get returns an answer that may be given, nil if the caller has to make one.
func (k *answers) get(asked question, now time.Time) *answer {
	k.mu.RLock()
	known := k.known[asked]
	k.mu.RUnlock()
	if known == nil {
		return nil
	}
	age := now.Sub(known.from)
	if age >= 0 && age < keepAnswer {
		return known.answer
	}
	if age >= 0 && age < keepAnswer+keepStale && !known.claimed.CompareAndSwap(false, true) {
		return known.answer
	}
	return nil
}

func (k *answers) put(asked question, made *knownAnswer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.drop(asked)
	if len(made.body) > maxKeptAnswer {
		return
	}
	if len(k.known) >= maxAnswers || k.bytes+len(made.body) > maxAnswered {
		for other, old := range k.known {
			if made.from.Sub(old.from) >= keepAnswer {
				k.drop(other)
			}
		}
	}
	if len(k.known) < maxAnswers && k.bytes+len(made.body) <= maxAnswered {
		k.known[asked] = made
		k.bytes += len(made.body)
	}
}

func (k *answers) forget(asked question) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.drop(asked)
}

func (k *answers) drop(asked question) {
	if old, ok := k.known[asked]; ok {
		k.bytes -= len(old.body)
		delete(k.known, asked)
	}
}
