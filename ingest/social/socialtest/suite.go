package socialtest

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
)

func recordsComplaints(r *rig) {
	r.startListening()
	before := complaint(1000)
	chatter := complaint(1500)
	chatter.Text = "Nothing of interest, 何もない"
	r.server.Emit(before)
	r.server.Emit(chatter)
	r.emit(1001, 1020)
	r.awaitRecorded(1000, 1020)
	report, found := r.sink.report(1000)
	require.True(r, found)
	require.Equal(r, r.listener.Source(), report.Source)
	require.WithinDuration(r, before.At, report.ObservedAt, time.Second, "when it was posted")
	require.NotEmpty(r, report.Ref, "a public link")
	require.False(r, report.Reporter.IsZero())
	require.False(r, report.Origin.IsZero())
	other, found := r.sink.report(1001)
	require.True(r, found)
	require.NotEqual(r, other.Reporter, report.Reporter, "another account")
	require.NotEqual(r, other.Ref, report.Ref)
	state := r.state()
	require.EqualValues(r, 21, state.Posts)
	require.EqualValues(r, 20, state.Complaints)
	require.EqualValues(r, 1, state.Refused["no_phrase"])
	require.Zero(r, state.Reconnects)
}

func dropsDuplicates(r *rig) {
	r.startListening()
	for range 3 {
		r.server.Emit(complaint(1000))
	}
	r.awaitRecorded(1000, 1001)
	r.server.Drop()
	r.await("the loss of the connection", func() bool { return r.state().Reconnects > 0 })
	r.awaitConnection()
	r.server.Emit(complaint(1000))
	r.emit(1001, 1003)
	r.awaitRecorded(1000, 1003)
	r.await("all duplicates", func() bool { return r.state().Duplicates >= 3 })
}

func waitsAsLongAsAsked(r *rig) {
	r.server.RefuseNext(503, 1)
	began := time.Now()
	r.start()
	r.await("a refusal", func() bool { return r.state().Status == archive.SourceReconnecting })
	require.NotEmpty(r, r.state().LastError)
	r.awaitConnection()
	require.GreaterOrEqual(r, time.Since(began), time.Second, "the server said Retry-After: 1")
	r.emit(1000, 1003)
	r.awaitRecorded(1000, 1003)
}

func triesAgain(r *rig) {
	r.server.RefuseNext(0, 3)
	r.startListening()
	require.GreaterOrEqual(r, r.state().Reconnects, uint64(3))
	r.emit(1000, 1003)
	r.awaitRecorded(1000, 1003)
}

func survivesMixedErrors(r *rig) {
	for i, status := range []int{500, 0, 429, 502} {
		r.server.RefuseNext(status, 1)
		var lost uint64
		if r.listener == nil {
			r.start()
		} else {
			lost = r.state().Reconnects
			r.server.Drop()
		}
		r.await("an error", func() bool { return r.state().Reconnects > lost })
		r.awaitConnection()
		r.emit(1000+i, 1001+i)
		r.awaitRecorded(1000, 1001+i)
	}
}

func failsForGood(r *rig) {
	r.server.RefuseNext(401, 1)
	r.start()
	r.await("the failure", func() bool { return r.state().Status == archive.SourceFailed })
	require.NotEmpty(r, r.state().LastError)
	require.EqualValues(r, 1, r.state().Reconnects)
	select {
	case err := <-r.ended:
		require.Fail(r, "the listener ended by itself", "%v", err)
	default:
	}
}

func survivesDrops(r *rig) {
	r.startListening()
	resumes := r.server.Abilities().Resumes
	r.emit(1000, 1001)
	r.awaitRecorded(1000, 1001)
	r.awaitCursor()
	n := 1001
	for i := range 5 {
		r.emit(n, n+10)
		n += 10
		if !resumes {
			r.awaitRecorded(1000, n) // or they are lost in the middle, as the network has it
		}
		lost := r.state().Reconnects
		r.server.Drop()
		if resumes {
			r.emit(n, n+10)
			n += 10
		}
		r.await(fmt.Sprintf("loss %d of the connection", i), func() bool { return r.state().Reconnects > lost })
		r.awaitConnection()
	}
	r.emit(n, n+10)
	r.awaitRecorded(1000, n+10)
}

// garbage is what no protocol sends.
func garbage() [][]byte {
	return [][]byte{
		[]byte("x"), []byte("{"), []byte("null"), []byte("[]"), []byte("{}"), []byte(`"text"`), []byte("17"), []byte(`{"a":`),
		[]byte(`{"data":null}`), []byte(`{"event":"update","payload":"{"}`), []byte(`{"kind":"commit","commit":null}`),
		{0xff, 0xfe, 0x00, 0x80},
		bytes.Repeat([]byte("["), 20_000), bytes.Repeat([]byte(`{"a":`), 5_000),
	}
}

func skipsGarbage(r *rig) {
	r.startListening()
	n := 1000
	for _, message := range garbage() {
		r.emit(n, n+1)
		r.server.EmitRaw(message)
		n++
	}
	r.emit(n, n+1)
	r.awaitRecorded(1000, n+1)
	require.Zero(r, r.state().Reconnects, "a message that cannot be read is left out, and the connection stays")
	skipped := uint64(0)
	for _, count := range r.state().Skipped {
		skipped += count
	}
	require.NotZero(r, skipped, "what is left out is counted")
}

func survivesLongMessages(r *rig) {
	r.startListening()
	r.emit(1000, 1003)
	r.awaitRecorded(1000, 1003)
	r.server.EmitRaw(bytes.Repeat([]byte("x"), 8<<20))
	// The connection may be lost over it, and nothing else.
	r.await("the message to be noticed", func() bool {
		state := r.state()
		return state.Skipped["too_large"] > 0 || state.Skipped["malformed"] > 0 || state.Reconnects > 0
	})
	r.awaitConnection()
	r.emit(1003, 1006)
	r.awaitRecorded(1000, 1006)
}

func noticesSilence(r *rig) {
	r.startListening()
	r.emit(1000, 1002)
	r.awaitRecorded(1000, 1002)
	r.server.Stall()
	r.await("the silence to be noticed", func() bool { return r.state().Reconnects > 0 })
	r.awaitConnection()
	r.emit(1002, 1004)
	r.awaitRecorded(1000, 1004)
}

func drains(r *rig) {
	r.startListening()
	release := r.sink.hold()
	defer release()
	r.emit(1000, 1000+inFlight/2)
	r.await("reports to wait", func() bool { return r.sink.held() == inFlight/2 })
	r.end()
	release()
	r.stop()
	r.awaitRecorded(1000, 1000+inFlight/2)
	require.Equal(r, archive.SourceStopped, r.store.state.Status)
}

func readsAgain(r *rig) {
	if !r.server.Abilities().Resumes {
		r.Skip("the protocol cannot go on after a cursor")
	}
	r.startListening()
	r.emit(1000, 1005)
	r.awaitRecorded(1000, 1005)
	r.awaitCursor()
	// From here on every other report finds the store away, for as long as this process lives.
	r.sink.refuse(func(report outage.Report) error {
		if strings.ContainsAny(report.Service[len(report.Service)-1:], "13579") {
			return outage.ErrUnavailable
		}
		return nil
	})
	r.emit(1005, 1012)
	r.await("what can be recorded", func() bool { return len(r.sink.services()) == 5+3 })
	r.stop()
	r.sink.refuse(nil)
	r.startListening()
	r.emit(1012, 1015)
	r.awaitRecorded(1000, 1015)
}

func catchesUp(r *rig) {
	if !r.server.Abilities().Resumes {
		r.Skip("the protocol cannot go on after a cursor")
	}
	r.startListening()
	r.emit(1000, 1005)
	r.awaitRecorded(1000, 1005)
	r.awaitCursor()
	r.stop()
	require.NotEmpty(r, r.store.state.Cursor)
	r.emit(1005, 1010)
	r.startListening()
	r.emit(1010, 1012)
	r.awaitRecorded(1000, 1012)
}

func forgets(r *rig) {
	if !r.server.Abilities().Deletes {
		r.Skip("the protocol does not tell of deletions")
	}
	r.startListening()
	r.emit(1000, 1003)
	r.awaitRecorded(1000, 1003)
	r.server.Delete("1001")
	deleted, found := r.sink.report(1001)
	require.True(r, found)
	r.await("the link to be forgotten", func() bool { return r.store.hasForgotten(deleted.ID) })
	kept, found := r.sink.report(1002)
	require.True(r, found)
	require.False(r, r.store.hasForgotten(kept.ID))
	require.EqualValues(r, 1, r.state().Deletions)
	r.await("the deletion of a post from before our time", func() bool {
		r.server.Delete("4711")
		return r.state().Deletions >= 2
	})
}

func pushesBack(r *rig) {
	r.startListening()
	release := r.sink.hold()
	defer release()
	const many = 400
	padding := strings.Repeat(" and more", 200)
	for n := 1000; n < 1000+many; n++ {
		post := complaint(n)
		post.Text += padding
		r.server.Emit(post)
	}
	r.await("as many reports to wait as may", func() bool { return r.sink.held() == inFlight && r.state().Posts == inFlight+1 })
	require.Never(r, func() bool { return r.sink.held() > inFlight || r.state().Posts > inFlight+1 },
		200*time.Millisecond, look, "it goes on reading")
	release()
	r.awaitRecorded(1000, 1000+many)
}

// survivesForgeries sends posts of times that cannot be, and one post twice with
// different texts.
func survivesForgeries(r *rig) {
	r.startListening()
	r.emit(1000, 1001)
	r.awaitRecorded(1000, 1001)
	r.awaitCursor()
	past, future, changed := complaint(2000), complaint(2001), complaint(2002)
	past.At = time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)
	future.At = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	changed.ID, changed.Author = "1000", complaint(1000).Author
	for _, post := range []social.Post{past, future, changed} {
		r.server.Emit(post)
	}
	r.emit(1001, 1003)
	r.await("the posts after those", func() bool {
		_, found := r.sink.report(1002)
		return found
	})
	for _, n := range []int{2000, 2002} {
		_, found := r.sink.report(n)
		require.False(r, found, "complaint %d", n)
	}
	if report, found := r.sink.report(2001); found {
		require.WithinDuration(r, time.Now(), report.ObservedAt, patience, "nobody knows what is yet to come")
	}

	// And the next connection goes on where this one ended.
	lost := r.state().Reconnects
	r.server.Drop()
	if r.server.Abilities().Resumes {
		r.emit(1003, 1005)
	}
	r.await("the loss of the connection", func() bool { return r.state().Reconnects > lost })
	r.awaitConnection()
	r.emit(1005, 1006)
	r.await("the posts after those", func() bool {
		_, found := r.sink.report(1005)
		return found
	})
	if r.server.Abilities().Resumes {
		for n := 1003; n < 1005; n++ {
			_, found := r.sink.report(n)
			require.True(r, found, "complaint %d was said meanwhile", n)
		}
	}
}

// survivesDeletions sends many deletions of posts that nobody has read.
func survivesDeletions(r *rig) {
	if !r.server.Abilities().Deletes {
		r.Skip("the protocol does not tell of deletions")
	}
	r.startListening()
	r.emit(1000, 1002)
	r.awaitRecorded(1000, 1002)
	const many = 100 // more takes the test server that packs them too long
	for n := range many {
		r.server.Delete(strconv.Itoa(10_000 + n))
	}
	r.server.Delete("1001")
	r.emit(1002, 1004)
	r.awaitRecorded(1000, 1004)
	deleted, found := r.sink.report(1001)
	require.True(r, found)
	r.await("the link to be forgotten", func() bool { return r.store.hasForgotten(deleted.ID) })
	require.EqualValues(r, many+1, r.state().Deletions)
}
