package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker for releases.
var version = ""

// newCommand builds the command line. Without a subcommand Outcry serves.
func newCommand() *cobra.Command {
	cfg := defaultConfig()
	root := &cobra.Command{
		Use:   "outcry",
		Short: "Turn many people's complaints that a service is down into outages that can be cited",
		Long: `Outcry counts distinct reporters per service and country, notices within about
a minute when a count is abnormal, and serves the outages to journalists and
dashboards.

Without a subcommand it serves: every role in one process, on stores embedded
in the data folder. With --redis-url and --database-url the roles can run apart,
on as many machines as wanted.

Every setting can be a flag, a variable of the environment (OUTCRY_LISTEN for
--listen) or a key of the YAML file that --config names. A flag wins over the
environment, the environment over the file.`,
		Example: `  outcry                                  # http://127.0.0.1:8080, data in ./data
  outcry --listen :8080 --base-url https://outcry.example
  outcry --roles ingest,api --redis-url redis://redis --database-url postgres://db/outcry
  outcry replay counts.csv.gz             # what would have been detected?`,
		Args:          noArguments,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cfg.settle(cmd.Flags(), os.Environ()); err != nil {
				return err
			}
			return serve(cmd.Context(), cfg, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cfg.bind(root.Flags())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w: %w; see %s --help", errUsage, err, cmd.CommandPath())
	})
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(checkConfigCommand(), checkCatalogCommand(), versionCommand(), healthcheckCommand(),
		replayCommand(), classifyCommand(), explainCommand(), importCommand(), exportCommand(), outageCommand(),
		watchCommand())
	return root
}

// noArguments refuses arguments with the word that was not understood.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s does not know %q; see %s --help", errUsage, cmd.CommandPath(), args[0], cmd.CommandPath())
}

// oneFile asks for one argument: a path, or - for standard input.
func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return fmt.Errorf("%w: %s needs one FILE, or - for standard input; see %s --help", errUsage, cmd.CommandPath(), cmd.CommandPath())
}

func checkConfigCommand() *cobra.Command {
	cfg := defaultConfig()
	cmd := &cobra.Command{
		Use:   "check-config",
		Short: "Print the settings that would be in force, with passwords masked",
		Long: `Check the flags, the environment and the file together, and print the settings
that would be in force as YAML that --config reads. Passwords are masked.
The files that they name are read, but no store is opened or contacted. The exit
status is 2 if something is wrong.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cfg.settle(cmd.Flags(), os.Environ()); err != nil {
				return err
			}
			if err := cfg.validateFiles(); err != nil {
				return err
			}
			return cfg.printSettings(cmd.OutOrStdout(), cmd.Flags())
		},
	}
	cfg.bind(cmd.Flags())
	return cmd
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "outcry %s (%s, %s/%s)\n",
				versionText(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// versionText is the release's version, else what the Go tool knows of the build.
func versionText() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
