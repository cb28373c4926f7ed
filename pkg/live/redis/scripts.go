package redis

import (
	"context"
	_ "embed" // the scripts
	"errors"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

//go:embed lua/record.lua
var recordLua string

//go:embed lua/append_log.lua
var appendLogLua string

//go:embed lua/cover.lua
var coverLua string

//go:embed lua/changed.lua
var changedLua string

//go:embed lua/service_series.lua
var serviceSeriesLua string

//go:embed lua/acquire.lua
var acquireLua string

//go:embed lua/renew.lua
var renewLua string

//go:embed lua/release.lua
var releaseLua string

//go:embed lua/join.lua
var joinLua string

//go:embed lua/put_outages.lua
var putOutagesLua string

//go:embed lua/put_view.lua
var putViewLua string

//go:embed lua/trim_log.lua
var trimLogLua string

//go:embed lua/rebuild_begin.lua
var rebuildBeginLua string

//go:embed lua/rebuild_clear.lua
var rebuildClearLua string

//go:embed lua/rebuild_counts.lua
var rebuildCountsLua string

//go:embed lua/rebuild_reports.lua
var rebuildReportsLua string

//go:embed lua/rebuild_outages.lua
var rebuildOutagesLua string

//go:embed lua/rebuild_commit.lua
var rebuildCommitLua string

//go:embed lua/discard.lua
var discardLua string

// scripts are the operations that run inside Redis. Each file of lua/ begins
// with what it does, its KEYS and its ARGV.
type scripts struct {
	record, cover                 *script
	changed, serviceSeries        *script
	acquire, renew, release, join *script
	putOutages, putView, trimLog  *script
	rebuildBegin, rebuildClear    *script
	rebuildCounts, rebuildReports *script
	rebuildOutages, rebuildCommit *script
	discard                       *script
}

func newScripts() *scripts {
	return &scripts{
		record: newScript(withLog(recordLua)), cover: newScript(withLog(coverLua)),
		changed: newScript(changedLua), serviceSeries: newScript(serviceSeriesLua),
		acquire: newScript(acquireLua), renew: newScript(renewLua), release: newScript(releaseLua), join: newScript(joinLua),
		putOutages: newScript(withLog(putOutagesLua)), putView: newScript(putViewLua), trimLog: newScript(trimLogLua),
		rebuildBegin: newScript(rebuildBeginLua), rebuildClear: newScript(rebuildClearLua),
		rebuildCounts: newScript(rebuildCountsLua), rebuildReports: newScript(rebuildReportsLua),
		rebuildOutages: newScript(rebuildOutagesLua), rebuildCommit: newScript(rebuildCommitLua),
		discard: newScript(discardLua),
	}
}

// script is one operation: its text, and the digest that servers know it by.
type script struct {
	text, sha string
}

func newScript(text string) *script {
	return &script{text: text, sha: goredis.NewScript(text).Hash()}
}

// withLog puts append_log before a script, behind its first line, which is for
// the server.
func withLog(text string) string {
	first, rest, _ := strings.Cut(text, "\n")
	return first + "\n" + appendLogLua + rest
}

// call is one run of a script.
type call struct {
	script *script
	keys   []string
	args   []any
}

// command returns EVALSHA, or EVAL where the server has to learn the script.
func (c call) command(ctx context.Context, full bool) *goredis.Cmd {
	args := make([]any, 0, 3+len(c.keys)+len(c.args))
	if full {
		args = append(args, "eval", c.script.text)
	} else {
		args = append(args, "evalsha", c.script.sha)
	}
	args = append(args, len(c.keys))
	for _, key := range c.keys {
		args = append(args, key)
	}
	return goredis.NewCmd(ctx, append(args, c.args...)...)
}

// run runs one script and returns its answer.
func (e *Engine) run(ctx context.Context, c call) (any, error) {
	answers, errs := e.runAll(ctx, []call{c})
	return answers[0], errs[0]
}

// runAll runs scripts in one round trip and returns each one's answer or error.
func (e *Engine) runAll(ctx context.Context, calls []call) ([]any, []error) {
	return send(ctx, e, calls)
}

// runner makes the command that runs a script: EVALSHA, or EVAL in full.
type runner interface {
	command(ctx context.Context, full bool) *goredis.Cmd
}

// send runs scripts in one round trip and returns each one's answer or error.
// Those that a server does not know have done nothing there, and are sent
// again in full, which teaches it.
func send[R runner](ctx context.Context, e *Engine, runs []R) ([]any, []error) {
	answers, errs := make([]any, len(runs)), make([]error, len(runs))
	if err := e.open(); err != nil {
		for i := range errs {
			errs[i] = err
		}
		return answers, errs
	}
	commands := make([]*goredis.Cmd, len(runs))
	for i, run := range runs {
		commands[i] = run.command(ctx, false)
	}
	e.roundTrip(ctx, commands)
	var unknown []*goredis.Cmd
	for i, command := range commands {
		if isNoScript(command.Err()) {
			commands[i] = runs[i].command(ctx, true)
			unknown = append(unknown, commands[i])
		}
	}
	if len(unknown) > 0 {
		e.roundTrip(ctx, unknown)
	}
	for i, command := range commands {
		answers[i], errs[i] = command.Result()
		if errors.Is(errs[i], goredis.Nil) { // a script's false is an answer
			answers[i], errs[i] = nil, nil
		}
	}
	return answers, errs
}

// roundTrip sends commands together. Each keeps its answer or its error.
func (e *Engine) roundTrip(ctx context.Context, commands []*goredis.Cmd) {
	if len(commands) == 1 {
		_ = e.client.Process(ctx, commands[0])
		return
	}
	pipe := e.client.Pipeline()
	for _, command := range commands {
		_ = pipe.Process(ctx, command) // only queues
	}
	_, _ = pipe.Exec(ctx)
}
