<#-- Keycloak's own page, in the order of its fields. -->
<#import "template.ftl" as layout>
<@layout.registrationLayout; section>
  <#if section = "header">
    ${msg("logoutConfirmTitle")}
  <#elseif section = "form">
    <p>${msg("logoutConfirmHeader")}</p>
    <form action="${url.logoutConfirmAction}" method="POST">
      <input type="hidden" name="session_code" value="${logoutConfirm.code}">
      <input type="submit" class="${properties.kcButtonPrimaryClass}" name="confirmLogout" id="kc-logout" value="${msg("doLogout")}">
    </form>
  </#if>
</@layout.registrationLayout>
