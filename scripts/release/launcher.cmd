@echo off
rem Runs docker-image-pusher from wherever this package is unpacked. The runtime keeps no cache.
setlocal DisableDelayedExpansion
set "DENO_DIR=NUL"
set "DENO_NO_UPDATE_CHECK=1"
set "DENO_NO_PACKAGE_JSON=1"
"%~dp0lib\deno.exe" run @DENO_FLAGS@ "%~dp0lib\node_modules\docker-image-pusher\main.js" %*
exit /b %ERRORLEVEL%
