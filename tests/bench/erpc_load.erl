%% What bench.py measures of Erlang: erpc:call of a function that answers with a short binary, from a
%% number of processes at once.
-module(erpc_load).
-export([serve/0, get/2, run/3]).

%% The node that is called: until standard input is closed.
serve() ->
    io:format("ready~n"),
    io:get_line(""),
    halt(0).

get(_Bucket, Key) -> Key.

%% Prints operations a second, and the 50th and 99th percentile in microseconds.
run(Node, Count, Milliseconds) ->
    pong = net_adm:ping(Node),
    call(Node),
    Begin = erlang:monotonic_time(),
    End = Begin + erlang:convert_time_unit(Milliseconds, millisecond, native),
    Self = self(),
    [spawn_link(fun() -> Self ! {times, loop(Node, End, [])} end) || _ <- lists:seq(1, Count)],
    Times = lists:sort(lists:append([receive {times, Each} -> Each end || _ <- lists:seq(1, Count)])),
    Took = erlang:monotonic_time() - Begin,
    Total = length(Times),
    Microseconds = fun(Native) -> erlang:convert_time_unit(Native, native, nanosecond) / 1000 end,
    Percentile = fun(P) -> Microseconds(lists:nth(max(1, P * Total div 100), Times)) end,
    io:format("~.1f ~.2f ~.2f~n", [Total * 1.0e6 / Microseconds(Took), Percentile(50), Percentile(99)]),
    halt(0).

loop(Node, End, Times) ->
    Begin = erlang:monotonic_time(),
    if
        Begin >= End -> Times;
        true ->
            call(Node),
            loop(Node, End, [erlang:monotonic_time() - Begin | Times])
    end.

call(Node) ->
    <<"key:000000000000">> = erpc:call(Node, ?MODULE, get, [<<"shopping">>, <<"key:000000000000">>]).
