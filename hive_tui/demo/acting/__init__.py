"""A coding agent that plays a script: no model, no network, nothing to install.

It behaves as Claude Code does where that can be seen from outside: it takes the same flags, runs
the hooks of the plugin that it is given, keeps the conversation in a file beside that, asks on its
own screen and through the hook at once, and takes prompts that are typed or pasted. So the demo
shows a full desk of agents, and tests know at any time what is true.

Run as `python -m hive_tui.demo.acting SCRIPT [flags of Claude Code]`. A script is JSON:
`{"turns": [[STEP, …], …]}`, one turn for each prompt, the last one again for all that follow. A
step is a list:

    ["say", TEXT]                 prints it
    ["think", SECONDS]            works on without a word
    ["run", COMMAND]              runs a command of its own tools, in the worktree
    ["ask", COMMAND]              the same, once the person has allowed it
    ["write", FILE, TEXT]         appends to a file of the worktree
    ["question", TEXT, [OPTION]]  waits for one of the options
    ["plan", TEXT]                waits until the plan is approved
    ["helper", SECONDS]           hands work to a subagent and goes on at once
    ["fail", KIND]                ends the turn with an error of the model's service
    ["crash", STATUS]             ends the program
    ["done", TEXT]                ends the turn; what is not said ends it too

Whatever is true is appended to the file that `HIVE_ACTOR_TRUTH` names, a line of JSON each time it
changes: `{"t": …, "state": "working"}`.
"""
