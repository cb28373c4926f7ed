package redis

import (
	"context"
	_ "embed" // the scripts
	"errors"

	goredis "github.com/redis/go-redis/v9"
)

//go:embed lua/record.lua
var recordLua string

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
}

func newScripts() *scripts {
	return &scripts{
		record: newScript(recordLua), cover: newScript(coverLua),
		changed: newScript(changedLua), serviceSeries: newScript(serviceSeriesLua),
		acquire: newScript(acquireLua), renew: newScript(renewLua), release: newScript(releaseLua), join: newScript(joinLua),
		putOutages: newScript(putOutagesLua), putView: newScript(putViewLua), trimLog: newScript(trimLogLua),
		rebuildBegin: newScript(rebuildBeginLua), rebuildClear: newScript(rebuildClearLua),
		rebuildCounts: newScript(rebuildCountsLua), rebuildReports: newScript(rebuildReportsLua),
		rebuildOutages: newScript(rebuildOutagesLua), rebuildCommit: newScript(rebuildCommitLua),
	}
}

// script is one operation: its text, and the digest that servers know it by.
type script struct {
	text, sha string
}

func newScript(text string) *script {
	return &script{text: text, sha: goredis.NewScript(text).Hash()}
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
	commands := make([]runner, len(calls))
	for i := range calls {
		commands[i] = calls[i]
	}
	return e.send(ctx, commands)
}

// runner makes the command that runs a script.
type runner interface {
	command(ctx context.Context, full bool) *goredis.Cmd
}

// send runs scripts in one round trip. Those that a server does not know have
// done nothing there, and are sent again in full, which teaches it.
func (e *Engine) send(ctx context.Context, runs []runner) ([]any, []error) {
	answers, errs := make([]any, len(runs)), make([]error, len(runs))
	if err := e.open(); err != nil {
		for i := range errs {
			errs[i] = err
		}
		return answers, errs
	}
	all := make([]int, len(runs))
	for i := range all {
		all[i] = i
	}
	e.round(ctx, runs, all, false, answers, errs)
	unknown := all[:0]
	for i, err := range errs {
		if isNoScript(err) {
			unknown = append(unknown, i)
		}
	}
	if len(unknown) > 0 {
		e.round(ctx, runs, unknown, true, answers, errs)
	}
	return answers, errs
}

// round sends those of the runs that are listed.
func (e *Engine) round(ctx context.Context, runs []runner, list []int, full bool, answers []any, errs []error) {
	commands := make([]*goredis.Cmd, len(list))
	if len(list) == 1 {
		commands[0] = runs[list[0]].command(ctx, full)
		_ = e.client.Process(ctx, commands[0]) // the command keeps its error
	} else {
		pipe := e.client.Pipeline()
		for at, i := range list {
			commands[at] = runs[i].command(ctx, full)
			_ = pipe.Process(ctx, commands[at]) // queues
		}
		_, _ = pipe.Exec(ctx) // each command keeps its error
	}
	for at, i := range list {
		answers[i], errs[i] = commands[at].Result()
		if errors.Is(errs[i], goredis.Nil) { // a script's false is an answer
			answers[i], errs[i] = nil, nil
		}
	}
}
