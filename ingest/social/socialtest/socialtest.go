// Package socialtest is the contract that every social network's source keeps.
// It runs a social.Listener over the network, against a server in the same
// process that speaks the real protocol.
package socialtest

import (
	"testing"

	"github.com/outcryhq/outcry/ingest/social"
)

// Server is a network's server, speaking the real protocol on a loopback
// address. Its methods may be called by several goroutines, and none of them
// waits for a client: what a slow client does not read is kept for it.
type Server interface {
	// Network returns a new network that reads from this server. Its watchdog, if
	// it has one, must notice silence within some seconds, but not so soon that a busy
	// machine looks like silence: three are good. The Listener's own
	// pauses are overridden by the suite.
	Network() social.Network
	// Emit sends a post to all who are connected and, if Resumes, to those who
	// connect later with a cursor before it. A client is connected before its
	// Network calls Connected.
	//
	// ID and Author are decimal numbers from 1000 on, which the server may turn into
	// ids of the network's kind: the same number is the same post, and emitted
	// again it is a duplicate. Text is plain and must arrive as plain text, whatever
	// the protocol wraps it in. At has whole milliseconds.
	Emit(post social.Post)
	// EmitRaw sends one message as it is, once, to those who are connected. It may be no
	// message at all, and may be larger than any should be.
	EmitRaw(message []byte)
	// Delete says that the author has deleted the post with an ID of Emit.
	Delete(id string)
	// Drop cuts all connections, without a farewell.
	Drop()
	// RefuseNext answers the next n connections with an HTTP status, 429 and 503
	// with "Retry-After: 1"; or, for status 0, closes them without an answer.
	RefuseNext(status, n int)
	// Stall leaves the present connections open and never sends on them again,
	// keep-alives included. New connections work.
	Stall()
	// Close ends the server. It may be called twice.
	Close()
	// Abilities says what the protocol can do.
	Abilities() Abilities
}

// Abilities is what a protocol can do.
type Abilities struct {
	// Resumes: a connection can go on after a cursor.
	Resumes bool
	// Deletes: the stream tells of deletions.
	Deletes bool
}

// Run holds a network to the contract. start makes a new server for each test.
func Run(t *testing.T, start func(t *testing.T) Server) {
	for name, test := range map[string]func(*rig){
		"complaints are recorded once":                   recordsComplaints,
		"duplicates count once":                          dropsDuplicates,
		"a busy server is left alone as long as it asks": waitsAsLongAsAsked,
		"refused connections are tried again":            triesAgain,
		"errors of all kinds end":                        survivesMixedErrors,
		"refused credentials are not tried again":        failsForGood,
		"lost connections lose nothing":                  survivesDrops,
		"garbage between posts is skipped":               skipsGarbage,
		"a message without end is survived":              survivesLongMessages,
		"silence is noticed":                             noticesSilence,
		"what waits at the end is recorded":              drains,
		"what was not recorded is read again":            readsAgain,
		"what was said meanwhile is caught up":           catchesUp,
		"deleted posts are forgotten":                    forgets,
		"a sink that is full stops the reading":          pushesBack,
		"forged posts do no harm":                        survivesForgeries,
		"a flood of deletions drowns nothing":            survivesDeletions,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := start(t)
			t.Cleanup(server.Close)
			test(newRig(t, server))
		})
	}
}
