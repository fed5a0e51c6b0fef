"""Runs one Lambda handler: with awslambdaric when it is installed, else by itself."""
import importlib, json, os, sys, time, traceback, types, urllib.request

handler_name = sys.argv[1]
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
try:
    from awslambdaric.__main__ import main
except ImportError:
    main = None
if main:
    sys.exit(main(["awslambdaric", handler_name]))

API = "http://%s/2018-06-01/runtime/" % os.environ["AWS_LAMBDA_RUNTIME_API"]
client = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def post(path, document):
    body = json.dumps(document, default=str if "error" in path else None).encode()
    headers = {"Lambda-Runtime-Function-Error-Type": document["errorType"]} if "error" in path else {}
    client.open(urllib.request.Request(API + path, body, headers)).read()


def client_context(text):
    """What the caller told of itself, in the attributes that Lambda's Python runtime has for it."""
    told = json.loads(text) if text else None
    if not isinstance(told, dict):
        return None
    names = ["installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"]
    app = told.get("client")
    app = types.SimpleNamespace(**{name: app.get(name) for name in names}) if isinstance(app, dict) else None
    return types.SimpleNamespace(custom=told.get("custom"), env=told.get("env"), client=app)


def report(error, request_id=""):
    stack = traceback.format_list(traceback.extract_tb(error.__traceback__)[1:])
    print("[ERROR] %s: %s\n%s" % (type(error).__name__, error, "".join(stack)), file=sys.stderr, flush=True)
    return {
        "errorMessage": str(error), "errorType": type(error).__name__, "requestId": request_id, "stackTrace": stack,
    }


try:
    module_name, function_name = handler_name.rsplit(".", 1)
    handler = getattr(importlib.import_module(module_name.replace("/", ".")), function_name)
except Exception as error:
    told = report(error)
    kind = {ImportError: "ImportModuleError", AttributeError: "HandlerNotFound", SyntaxError: "UserCodeSyntaxError"}
    names = [name for base, name in kind.items() if isinstance(error, base)]
    told["errorType"] = "Runtime." + names[0] if names else told["errorType"]
    if isinstance(error, ImportError):
        told["errorMessage"] = "Unable to import module '%s': %s" % (module_name, error)
    elif isinstance(error, AttributeError):
        told["errorMessage"] = "Handler '%s' missing on module '%s'" % (function_name, module_name)
    post("init/error", told)
    sys.exit(1)

while True:
    with client.open(API + "invocation/next") as invocation:
        event, header = invocation.read(), invocation.headers
    request_id, deadline = header["Lambda-Runtime-Aws-Request-Id"], int(header["Lambda-Runtime-Deadline-Ms"])
    os.environ["_X_AMZN_TRACE_ID"] = header["Lambda-Runtime-Trace-Id"]
    context = types.SimpleNamespace(
        aws_request_id=request_id,
        invoked_function_arn=header["Lambda-Runtime-Invoked-Function-Arn"],
        function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        function_version=os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
        memory_limit_in_mb=os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
        log_group_name=os.environ["AWS_LAMBDA_LOG_GROUP_NAME"],
        log_stream_name=os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
        client_context=client_context(header["Lambda-Runtime-Client-Context"]),
        identity=None,
        get_remaining_time_in_millis=lambda: max(0, int(deadline - time.time() * 1000)),
    )
    path = "invocation/%s/" % request_id
    try:
        answer = handler(json.loads(event), context)
        try:
            json.dumps(answer)
        except (TypeError, ValueError) as error:
            told = report(error, request_id)
            told.update(errorType="Runtime.MarshalError", errorMessage="Unable to marshal response: %s" % error)
            post(path + "error", told)
            continue
    except Exception as error:
        post(path + "error", report(error, request_id))
        continue
    try:
        post(path + "response", answer)
    except urllib.error.HTTPError as refusal:  # the response is too large, and its invocation is told so
        print("[ERROR] %s" % refusal.read().decode(), file=sys.stderr, flush=True)
