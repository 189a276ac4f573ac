<#macro emailLayout>
<html lang="en-GB">
<body style="margin: 0; padding: 24px; background: #f8f5ef; color: #212b32; font: 16px/1.5 Arial, sans-serif">
  <p style="margin: 0 0 24px; padding-bottom: 8px; border-bottom: 3px solid #e9b44c; color: #0a3f4a; font-size: 24px; font-weight: bold">Fosse</p>
  <#nested>
</body>
</html>
</#macro>
