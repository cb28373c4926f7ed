package redis

import (
	"context"
	"fmt"
	"sync"

	goredis "github.com/redis/go-redis/v9"
)

// wanted are the settings on which an acknowledgement relies.
var wanted = []struct{ name, value, why string }{ //nolint:gochecknoglobals // a constant table
	{"appendonly", "yes", "a restart of Redis forgets acknowledged reports"},
	{"appendfsync", "always", "a crash of Redis can lose the last acknowledged reports"},
	{"maxmemory-policy", "noeviction", "a full Redis drops counts and markers without a word"},
}

// Check returns a warning for each setting of a server that does not keep
// acknowledged reports safe, and for each that could not be read: many hosted
// servers forbid that. An error wraps outage.ErrUnavailable.
func (e *Engine) Check(ctx context.Context) ([]string, error) {
	if err := e.Ping(ctx); err != nil {
		return nil, err
	}
	var mu sync.Mutex // masters are asked at the same time
	known := map[string]bool{}
	var warnings []string
	err := e.eachMaster(ctx, func(ctx context.Context, master goredis.Cmdable) error {
		for _, setting := range wanted {
			warning := checkSetting(ctx, master, setting.name, setting.value, setting.why)
			mu.Lock()
			if warning != "" && !known[warning] {
				known[warning] = true
				warnings = append(warnings, warning)
			}
			mu.Unlock()
		}
		return nil
	})
	return warnings, wrap("check the settings of redis", err)
}

func checkSetting(ctx context.Context, master goredis.Cmdable, name, value, why string) string {
	got, err := master.ConfigGet(ctx, name).Result()
	if err != nil || got[name] == "" {
		return fmt.Sprintf("redis: whether %s is %q could not be checked: the server does not tell", name, value)
	}
	if got[name] != value {
		return fmt.Sprintf("redis: %s is %q and should be %q: %s", name, got[name], value, why)
	}
	return ""
}
