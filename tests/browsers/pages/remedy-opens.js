const told = 'ws://{host}:{told}', bare = 'ws://{host}:{bare}', http = 'http://{host}:';
const fast = { firstPause: 10, tries: 3, settle: {late} }, messages = [];
const echo = { ...fast, settle: {early} };
const onmessage = (event) => messages.push(event.data), endpoint = http + '{bare}/why';
const pauses = [], wait = window.setTimeout;
window.setTimeout = (then, pause) => { pauses.push(pause); return wait(then, pause); };
window.results = {
    expired: await caught(openSocket(told + '/expired', fast)),
    forbid: await caught(openSocket(told + '/forbid', fast)),
    busy: await caught(openSocket(told + '/busy', { ...fast, onmessage })),
    messages,
    full: await caught(openSocket(told + '/full', { ...fast, tries: 4 })),
    pauses,
    echo: await caught(openSocket(told + '/echo', { ...echo, protocols: ['chat'] })),
    tries: await (await fetch(http + '{told}/tries')).json(),
    endpoint: await caught(openSocket(bare + '/expired', { ...fast, endpoint })),
    bare: await caught(openSocket(bare + '/expired', fast)),
    bareTries: await (await fetch(http + '{bare}/tries')).json(),
    invalid: await openSocket('ftp://x').catch((error) => error.name),
};
