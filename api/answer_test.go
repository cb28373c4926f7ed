package api

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/api/web"
)

// asked is a router with one call, which counts how often it is made anew.
type asked struct {
	t      *testing.T
	now    time.Time
	kept   *answers
	router *gin.Engine
	made   int
	call   gin.HandlerFunc
}

func newAsked(t *testing.T) *asked {
	t.Helper()
	a := &asked{t: t, now: time.Date(2017, 11, 3, 8, 0, 0, 0, time.UTC), router: gin.New()}
	a.kept = newAnswers(func() time.Time { return a.now })
	a.call = func(c *gin.Context) { respondJSON(c, keepLive, []int{a.made}) }
	a.router.GET("/v1/thing", a.kept.serve, func(c *gin.Context) { a.made++; a.call(c) })
	return a
}

func (a *asked) get(target string, header ...string) *httptest.ResponseRecorder {
	a.t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	a.router.ServeHTTP(recorder, r)
	return recorder
}

func TestAnswersServeWhoeverAsksTheSame(t *testing.T) {
	t.Parallel()
	a := newAsked(t)
	require.Equal(t, "[1]\n", a.get("/v1/thing?a=1").Body.String())
	require.Equal(t, "[1]\n", a.get("/v1/thing?a=1").Body.String())
	require.Equal(t, "[2]\n", a.get("/v1/thing?a=2").Body.String(), "another question")
	require.Equal(t, "[3]\n", a.get("http://other.example/v1/thing?a=1").Body.String(), "links may begin with the host")
	a.now = a.now.Add(keepAnswer)
	require.Equal(t, "[4]\n", a.get("/v1/thing?a=1").Body.String())
	a.now = a.now.Add(-time.Hour)
	require.Equal(t, "[5]\n", a.get("/v1/thing?a=1").Body.String(), "a clock that went back")
}

func TestProblemsAreNotKept(t *testing.T) {
	t.Parallel()
	a := newAsked(t)
	good := a.call
	a.call = func(c *gin.Context) { c.AbortWithStatus(http.StatusServiceUnavailable) }
	require.Equal(t, http.StatusServiceUnavailable, a.get("/v1/thing").Code)
	a.call = good
	require.Equal(t, http.StatusOK, a.get("/v1/thing").Code)
	a.now = a.now.Add(keepAnswer)
	a.call = func(c *gin.Context) { c.AbortWithStatus(http.StatusServiceUnavailable) }
	require.Equal(t, http.StatusServiceUnavailable, a.get("/v1/thing").Code)
	require.Equal(t, http.StatusServiceUnavailable, a.get("/v1/thing").Code, "nor is the answer before them given any more")
}

func TestAnOldAnswerServesWhileItIsMadeAnew(t *testing.T) {
	t.Parallel()
	a := newAsked(t)
	a.get("/v1/thing")
	a.now = a.now.Add(keepAnswer)
	good := a.call
	a.call = func(c *gin.Context) {
		a.call = good
		require.Equal(t, "[1]\n", a.get("/v1/thing").Body.String())
		a.now = a.now.Add(keepStale)
		require.Equal(t, "[3]\n", a.get("/v1/thing").Body.String(), "but not for long")
		good(c)
	}
	require.Equal(t, "[3]\n", a.get("/v1/thing").Body.String())
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	a := newAsked(t)
	for i := range 2 * maxAnswers {
		a.get("/v1/thing?" + strconv.Itoa(i))
	}
	require.Len(t, a.kept.known, maxAnswers)
	a.now = a.now.Add(keepAnswer)
	a.get("/v1/thing?new")
	require.Len(t, a.kept.known, 1, "what is old goes first")
	a.get("/v1/thing?" + strings.Repeat("x", maxKeptURL))
	require.Len(t, a.kept.known, 1)

	size := maxKeptAnswer
	a.call = func(c *gin.Context) { respond(c, keepLive, "text/plain", make([]byte, size)) }
	for i := range 2 * maxAnswered / maxKeptAnswer {
		a.get("/v1/thing?large" + strconv.Itoa(i))
	}
	require.LessOrEqual(t, a.kept.bytes, maxAnswered)
	size++
	a.now = a.now.Add(keepAnswer)
	a.get("/v1/thing?new")
	require.NotContains(t, a.kept.known, question{"example.com", "/v1/thing?new"})
	sum := 0
	for _, known := range a.kept.known {
		sum += len(known.body)
	}
	require.Equal(t, sum, a.kept.bytes)
}

func TestOneTagForEveryEncoding(t *testing.T) {
	t.Parallel()
	a := newAsked(t)
	long := strings.Repeat("outage ", 1000)
	a.call = func(c *gin.Context) { respond(c, keepLive, "text/csv; charset=utf-8", []byte(long)) }
	plain := a.get("/v1/thing")
	require.Equal(t, long, plain.Body.String())
	require.Empty(t, plain.Header().Get("Content-Encoding"))
	require.Equal(t, "Accept-Encoding", plain.Header().Get("Vary"))
	packed := a.get("/v1/thing", "Accept-Encoding", "br, gzip")
	require.Equal(t, "gzip", packed.Header().Get("Content-Encoding"))
	require.Equal(t, strconv.Itoa(packed.Body.Len()), packed.Header().Get("Content-Length"))
	unpacked, err := gzip.NewReader(packed.Body)
	require.NoError(t, err)
	body, err := io.ReadAll(unpacked)
	require.NoError(t, err)
	require.Equal(t, long, string(body))

	tag := plain.Header().Get("ETag")
	require.Equal(t, tag, packed.Header().Get("ETag"))
	require.True(t, strings.HasPrefix(tag, `W/"`), "strong tags name bytes: %s", tag)
	for _, known := range []string{tag, strings.TrimPrefix(tag, "W/"), `"other", ` + tag, "*"} {
		same := a.get("/v1/thing", "If-None-Match", known, "Accept-Encoding", "gzip")
		require.Equal(t, http.StatusNotModified, same.Code, known)
		require.Zero(t, same.Body.Len())
		require.Equal(t, tag, same.Header().Get("ETag"))
		require.Empty(t, same.Header().Get("Content-Encoding"))
		require.Equal(t, "Accept-Encoding", same.Header().Get("Vary"))
	}
	require.Equal(t, http.StatusOK, a.get("/v1/thing", "If-None-Match", `W/"other"`).Code)
}

func TestWhatIsShortOrNoTextIsNotPacked(t *testing.T) {
	t.Parallel()
	a := newAsked(t)
	require.Empty(t, a.get("/v1/thing", "Accept-Encoding", "gzip").Header().Get("Content-Encoding"))
	a.call = func(c *gin.Context) { respond(c, keepLive, "image/png", make([]byte, 9000)) }
	require.Empty(t, a.get("/v1/thing?png", "Accept-Encoding", "gzip").Header().Get("Content-Encoding"))
}

func TestAcceptEncodingIsRead(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "x-gzip": true, "br, gzip;q=0.5": true, "*": true, "identity": false,
		"gzip;q=0": false, "gzip; q=0.000": false, "*, gzip;q=0": false, "gzip;q=0, *": false, "br;q=1": false, "deflate, gzip ; q=0.1": true,
	} {
		require.Equal(t, want, web.AcceptsGzip(header), header)
	}
}

func TestWhenItWasTrueIsNoChange(t *testing.T) {
	t.Parallel()
	tag := func(body string) string { return newAnswer(keepLive, "application/json", []byte(body)).tag[0] }
	require.Equal(t, tag(`{"as_of":"2017-11-03T08:00:00Z","outages":[]}`), tag(`{"as_of":"2017-11-03T08:00:01Z","outages":[]}`))
	require.NotEqual(t, tag(`{"as_of":"2017-11-03T08:00:00Z","outages":[]}`), tag(`{"as_of":"2017-11-03T08:00:00Z","outages":[1]}`))
}

func TestReadersAreToldWhatTheyHaveLeft(t *testing.T) {
	t.Parallel()
	quota := Quota{Left: 7, Full: 2300 * time.Millisecond}
	router := gin.New()
	router.GET("/v1/thing", limitReads(ReadLimit{
		Burst: 100, Window: 5 * time.Second, Take: func(*http.Request) Quota { return quota },
	}), func(c *gin.Context) { respondJSON(c, keepLive, "here") })
	ask := func() *httptest.ResponseRecorder {
		recorder := httptest.NewRecorder()
		router.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/v1/thing", nil))
		return recorder
	}
	answer := ask()
	require.Equal(t, http.StatusOK, answer.Code)
	require.Equal(t, `"reads";q=100;w=5`, answer.Header().Get("RateLimit-Policy"))
	require.Equal(t, `"reads";r=7;t=3`, answer.Header().Get("RateLimit"))

	quota = Quota{Full: 5 * time.Second, Wait: 50 * time.Millisecond}
	answer = ask()
	require.Equal(t, http.StatusTooManyRequests, answer.Code)
	require.Equal(t, "application/problem+json", answer.Header().Get("Content-Type"))
	require.Equal(t, "1", answer.Header().Get("Retry-After"))
	require.Equal(t, `"reads";r=0;t=5`, answer.Header().Get("RateLimit"))
	require.Contains(t, answer.Body.String(), "asked too often")
}
